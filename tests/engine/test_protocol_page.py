"""LM Studio's whole protocol: each call, channel and path is answered, or refused with a reason.

What is answered is held against its type in `test_schemas` and `test_rest_schemas`; here it is
enough that nothing is forgotten, and that no client ever waits in vain.
"""

from __future__ import annotations

from typing import Any, cast

import aiohttp
import pytest

from lms_jupyter.engine.routes.sdk import _NAMESPACES
from lms_jupyter.engine.services import Services

from .conftest import EngineProcess
from .raw import introduced

MANAGING = "getInstanceProcessingState getLoadConfig getModelInfo listLoaded unloadModel"
ANSWERED_CALLS = {
    "llm": f"{MANAGING} applyPromptTemplate countTokens estimateModelUsage "
    "getBasePredictionConfig preloadDraftModel tokenize",
    "embedding": f"{MANAGING} countTokens embedString estimateModelUsage getBasePredictionConfig "
    "tokenize",
    "system": "getExperimentFlags info listDownloadedModelVariants listDownloadedModels notify "
    "requestShutdown startHttpServer stopHttpServer version",
    "repository": "fuzzyFindStaffPicks getAuthenticationStatus getModelCatalog "
    "getModelDownloadOptions isAuthenticated lmLinkStatus searchModels",
    "files": "getDocumentParsingLibrary uploadFileBase64",
    "diagnostics": "",
    "runtime": "getEngineSelections listEngines selectEngine surveyHardware",
    "plugins": "",
}
REFUSED_CALLS = {
    "system": "setExperimentFlag",
    "repository": "deauthenticate "
    "getLocalArtifactFiles getWritableArtifactOwners installLocalPlugin "
    "installPluginDependencies lmLinkSetDisabled lmLinkSetPreferredDevice "
    "lmLinkUpdateDeviceName loginAsComputeDevice loginWithPreAuthenticatedKeys",
    "files": "getLocalFileAbsolutePath",
    "runtime": "removeEngine searchRuntimeExtensions",
    "plugins": "pluginInitCompleted processingGetOrLoadTokenSource processingHandleRequest "
    "processingHandleUpdate processingHasStatus processingNeedsNaming processingPullHistory "
    "processingSetSenderName processingSuggestName reindexPlugins reportError setConfigSchematics "
    "setGlobalConfigSchematics",
}
ANSWERED_CHANNELS = {
    "llm": "completeRawText getOrLoad loadModel predict",
    "embedding": "getOrLoad loadModel",
    "system": "alive",
    "repository": "createArtifactDownloadPlan createDownloadPlan downloadModel",
    "files": "parseDocument retrieve",
    "diagnostics": "streamLogs",
    "runtime": "",
    "plugins": "",
}
REFUSED_CHANNELS = {
    "repository": "downloadArtifact ensureAuthenticated pushArtifact",
    "runtime": "downloadRuntimeExtension",
    "plugins": "generateWithGenerator registerDevelopmentPlugin setGenerator "
    "setPredictionLoopHandler setPromptPreprocessor setToolsProvider startToolUseSession",
}
OURS = {
    ("system", name)
    for name in (
        *("cancelLoad", "getActivity", "getDeparture", "pinInstance", "setInstanceTtl"),
        *("deleteModel", "readDiary", "sumDiary", "offerModel"),
        *("forgetPrompts", "holdInstances", "setInstanceKeep"),
    )
}
OUR_CHANNELS = {("system", "watchActivity"), ("system", "copyModel")}
STAY_OPEN = {("system", "alive"), ("diagnostics", "streamLogs")}
ENDS_THE_ENGINE = {("system", "requestShutdown")}
"""Shown with the engine's life."""
PATHS = (
    ("GET", "/lmstudio-greeting"),
    ("GET", "/lms-status"),
    ("GET", "/api/v1/models"),
    ("POST", "/api/v1/models/load"),
    ("POST", "/api/v1/models/unload"),
    ("POST", "/api/v1/models/download"),
    ("GET", "/api/v1/models/download/status/x"),
    ("POST", "/api/v1/chat"),
    ("GET", "/api/v0/models"),
    ("GET", "/api/v0/models/tiny-llm"),
    ("POST", "/api/v0/chat/completions"),
    ("POST", "/api/v0/completions"),
    ("POST", "/api/v0/embeddings"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/tiny-llm"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
)


def _pairs(table: dict[str, str]) -> set[tuple[str, str]]:
    return {(space, name) for space, names in table.items() for name in names.split()}


CALLS = sorted((_pairs(ANSWERED_CALLS) | _pairs(REFUSED_CALLS)) - ENDS_THE_ENGINE)
CHANNELS = sorted(_pairs(ANSWERED_CHANNELS) | _pairs(REFUSED_CHANNELS))


def test_what_the_engine_offers_is_the_protocol_and_our_own_calls() -> None:
    spaces = [module.namespace(cast("Services", None)) for module in _NAMESPACES]
    assert {space.name for space in spaces} == set(ANSWERED_CALLS)
    assert {(one.name, rpc) for one in spaces for rpc in one.rpcs} == {
        *CALLS
    } | OURS | ENDS_THE_ENGINE
    offered = {(one.name, channel) for one in spaces for channel in one.channels}
    assert offered == {*CHANNELS} | OUR_CHANNELS


@pytest.mark.asyncio
@pytest.mark.parametrize(("space", "endpoint"), CALLS)
async def test_a_call_without_a_parameter_is_answered(
    engine: EngineProcess, space: str, endpoint: str
) -> None:
    async with introduced(engine.address, space, clientIdentifier="walker") as raw:
        await raw.socket.send_json({"type": "rpcCall", "endpoint": endpoint, "callId": 1})
        answer = await raw.read()
    assert answer["callId"] == 1
    refused = (space, endpoint) in _pairs(REFUSED_CALLS)
    assert (_code(answer) == "not_implemented") is refused
    assert _code(answer) != "unknown_endpoint"


@pytest.mark.asyncio
@pytest.mark.parametrize(("space", "endpoint"), CHANNELS)
async def test_a_channel_without_a_parameter_ends_or_stays_open_for_a_reason(
    engine: EngineProcess, space: str, endpoint: str
) -> None:
    async with introduced(engine.address, space, clientIdentifier="walker") as raw:
        channel = await raw.open(endpoint)
        if (space, endpoint) in STAY_OPEN:
            await raw.socket.send_json({"type": "keepAlive"})
            while (frame := await raw.read())["type"] != "keepAliveAck":
                assert frame["type"] == "channelSend"
            return
        packets, last = await raw.end(channel)
    assert (packets, last["type"]) == ([], "channelError")
    refused = (space, endpoint) in _pairs(REFUSED_CHANNELS)
    assert (_code(last) == "not_implemented") is refused


@pytest.mark.asyncio
@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_path_is_there(engine: EngineProcess, method: str, path: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"http://{engine.address}{path}", data=b"") as answer,
    ):
        content = await answer.json()
    if method == "GET" and not path.endswith("/x"):
        assert answer.status == 200
    else:
        assert answer.status in {400, 404}
        assert content["error"].get("code") != "unknown_path"


@pytest.mark.asyncio
async def test_a_preset_is_not_found_since_there_are_none(engine: EngineProcess) -> None:
    async with introduced(engine.address, "llm") as llm:
        loading = await llm.open("loadModel", modelKey="tiny-llm", identifier="it")
        await llm.end(loading)
        asked = {"modelSpecifier": {"type": "query", "query": {"identifier": "it"}}}
        for endpoint in ("predict", "completeRawText"):
            channel = await llm.open(endpoint, **asked, fuzzyPresetIdentifier="mine")
            _, last = await llm.end(channel)
            assert last["error"]["displayData"] == {
                "code": "generic.presetNotFound",
                "specifiedFuzzyPresetIdentifier": "mine",
                "availablePresetsSample": [],
                "totalAvailablePresets": 0,
            }
        await llm.call("unloadModel", identifier="it")


@pytest.mark.asyncio
async def test_tools_are_written_into_a_prompt_by_request(engine: EngineProcess) -> None:
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    async with introduced(engine.address, "llm") as llm:
        await llm.end(await llm.open("loadModel", modelKey="tiny-llm", identifier="it"))
        asked = {
            "specifier": {"type": "query", "query": {"identifier": "it"}},
            "history": {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]},
        }
        plain = await llm.call("applyPromptTemplate", **asked)
        tooled = await llm.call("applyPromptTemplate", **asked, opts={"toolDefinitions": [tool]})
        wrong = await llm.call("applyPromptTemplate", **asked, opts={"toolDefinitions": "x"})
        await llm.call("unloadModel", identifier="it")
    assert '"add"' not in plain["formatted"]
    assert '"add"' in tooled["formatted"]
    assert "'tools' has to be a list" in wrong["error"]["title"]


def _code(frame: dict[str, Any]) -> str:
    data = frame.get("error", {}).get("errorData") or {}
    return str(data.get("code", ""))
