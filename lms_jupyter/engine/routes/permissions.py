"""Which permission a request needs, of a client that is not the engine's owner."""

from __future__ import annotations

import re
from typing import Final

from lms_jupyter.engine.guest_tokens import Guest, Permission, PermissionMissingError

_PATHS: Final[tuple[tuple[str, re.Pattern[str], Permission], ...]] = (
    ("GET", re.compile(r"/v1/models(/.*)?|/api/v[01]/models(/.*)?"), "read"),
    ("POST", re.compile(r"/api/v1/models/(load|unload)"), "load"),
    ("POST", re.compile(r"/api/v1/models/download/limits"), "manage"),
    ("POST", re.compile(r"/api/v1/models/download(/.*)?"), "download"),
    ("POST", re.compile(r"/v1/.*|/api/v0/.*|/api/v1/chat"), "predict"),
)
_READS: Final = frozenset(
    (
        *("getInstanceProcessingState", "getLoadConfig", "getModelInfo", "listLoaded"),
        *("estimateModelUsage", "getBasePredictionConfig", "listDownloadedModels"),
        *("listDownloadedModelVariants", "version", "info", "alive", "getExperimentFlags"),
        *("getActivity", "watchActivity", "getDeparture", "lmLinkStatus", "searchModels"),
        *("getModelDownloadOptions", "isAuthenticated", "getAuthenticationStatus"),
        *("getModelCatalog", "fuzzyFindStaffPicks", "listEngines", "getEngineSelections"),
        *("surveyHardware",),
    )
)
_PREDICTS: Final = frozenset(
    (
        *("predict", "completeRawText", "applyPromptTemplate", "tokenize", "countTokens"),
        *("embedString", "getOrLoad", "preloadDraftModel", "uploadFileBase64"),
        *("getDocumentParsingLibrary", "parseDocument", "retrieve"),
    )
)
_LOADS: Final = frozenset(
    (
        *("loadModel", "unloadModel", "cancelLoad", "setInstanceTtl", "pinInstance"),
        *("setInstanceKeep", "holdInstances"),
    )
)
_DOWNLOADS: Final = frozenset(("downloadModel", "createDownloadPlan", "createArtifactDownloadPlan"))


def of_path(method: str, path: str) -> Permission:
    """Return what a path needs; what is not listed is for who manages the engine."""
    method = "GET" if method == "HEAD" else method
    for verb, pattern, permission in _PATHS:
        if verb == method and pattern.fullmatch(path):
            return permission
    return "manage"


def of_endpoint(endpoint: str) -> Permission:
    """Return what a call or a channel needs."""
    if endpoint in _READS:
        return "read"
    if endpoint in _PREDICTS:
        return "predict"
    if endpoint in _LOADS:
        return "load"
    return "download" if endpoint in _DOWNLOADS else "manage"


def check(guest: Guest | None, needed: Permission) -> None:
    """Raise `PermissionMissingError` if a guest may not do something; the owner may do all."""
    if guest is not None and needed not in guest.permissions:
        raise PermissionMissingError(guest.name, needed, guest.permissions)
