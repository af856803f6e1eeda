"""What only newer hosts of LM Studio know, and older ones leave unanswered."""

from collections.abc import Mapping

NEWER_TIMEOUT_S = 8.0
"""For calls that an older host answers with silence."""
NEWER: Mapping[str, str] = {
    "estimateModelUsage": "reckon what a load takes",
    "listDownloadedModelVariants": "list the variants of a model",
    "searchModels": "search for models to download",
    "getModelDownloadOptions": "tell what can be downloaded",
    "lmLinkStatus": "name the devices of its LM Link",
    "lmLinkSetDisabled": "switch its LM Link on or off",
    "lmLinkUpdateDeviceName": "give its device another name on LM Link",
    "lmLinkSetPreferredDevice": "prefer a device of its LM Link",
    "startHttpServer": "start its HTTP server",
    "stopHttpServer": "stop its HTTP server",
    "listEngines": "list its runtimes",
    "getEngineSelections": "tell which of its runtimes is selected",
    "selectEngine": "select another of its runtimes",
    "surveyHardware": "survey the hardware of its machine",
}
"""Calls that not every LM Studio knows, and what they are for."""
