"""The namespace `plugins`: clients find it, and every call says that there are no plugins."""

from __future__ import annotations

from typing import Any

from lms_jupyter.engine.errors import UnsupportedError
from lms_jupyter.engine.routes.connection import Namespace, refusing
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services

_REASON = "This engine has no plugins."
_RPCS = (
    "pluginInitCompleted",
    "processingGetOrLoadTokenSource",
    "processingHandleRequest",
    "processingHandleUpdate",
    "processingHasStatus",
    "processingNeedsNaming",
    "processingPullHistory",
    "processingSetSenderName",
    "processingSuggestName",
    "reindexPlugins",
    "reportError",
    "setConfigSchematics",
    "setGlobalConfigSchematics",
)
_CHANNELS = (
    "generateWithGenerator",
    "registerDevelopmentPlugin",
    "setGenerator",
    "setPredictionLoopHandler",
    "setPromptPreprocessor",
    "setToolsProvider",
    "startToolUseSession",
)


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    del services
    return Namespace(
        "plugins",
        dict.fromkeys(_RPCS, _refuse),
        dict.fromkeys(_CHANNELS, refusing(_REASON)),
    )


def _refuse(_caller: Caller, _parameter: Any) -> None:
    raise UnsupportedError(_REASON)
