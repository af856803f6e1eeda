"""Every call and every channel, each reply held against the types of the protocol."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from types import NoneType
from typing import Any, cast

import lmstudio
import msgspec
import pytest
from msgspec import UNSET

from lms_jupyter.engine.routes.sdk import _NAMESPACES
from lms_jupyter.engine.services import Services

from . import schemas, schemas_runtime
from .conftest import EngineProcess
from .raw import introduced
from .test_protocol_page import REFUSED_CALLS, _pairs

CHAT = {"type": "query", "query": {"identifier": "chat"}}
EMBED = {"type": "query", "query": {"identifier": "embed"}}
GHOST = {"type": "query", "query": {"identifier": "ghost"}}
HISTORY = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}
SHORT = {
    "layers": [
        {
            "layerName": "apiOverride",
            "config": {
                "fields": [
                    {
                        "key": "llm.prediction.maxPredictedTokens",
                        "value": {"checked": True, "value": 4},
                    }
                ]
            },
        }
    ]
}
MANAGING: tuple[tuple[str, Any, Any], ...] = (
    ("getLoadConfig", {}, schemas.Config),
    ("getInstanceProcessingState", {"throwIfNotFound": True}, schemas.State),
    ("getInstanceProcessingState", {"specifier": GHOST, "throwIfNotFound": False}, schemas.Error),
    ("getModelInfo", {"throwIfNotFound": True}, schemas.AnyInstance),
    ("getModelInfo", {"specifier": GHOST, "throwIfNotFound": True}, schemas.Error),
    ("getModelInfo", {"specifier": GHOST, "throwIfNotFound": False}, NoneType),
    ("tokenize", {"inputString": "abc"}, schemas.Tokens),
    ("countTokens", {"inputString": "abc"}, schemas.TokenCount),
    ("unloadModel", {"identifier": "ghost"}, schemas.Error),
)
CALLS: tuple[tuple[str, str, Any, Any], ...] = (
    *(("llm", name, {"specifier": CHAT} | more, kind) for name, more, kind in MANAGING),
    *(("embedding", name, {"specifier": EMBED} | more, kind) for name, more, kind in MANAGING),
    ("llm", "listLoaded", None, list[schemas.Llm]),
    ("embedding", "listLoaded", None, list[schemas.Embedding]),
    ("llm", "estimateModelUsage", {"modelKey": "tiny-llm"}, schemas.Estimate),
    (
        "embedding",
        "estimateModelUsage",
        {"modelKey": "text-embedding-tiny-embed"},
        schemas.Estimate,
    ),
    ("llm", "applyPromptTemplate", {"specifier": CHAT, "history": HISTORY}, schemas.Formatted),
    ("llm", "getBasePredictionConfig", {"specifier": CHAT}, schemas.Config),
    ("llm", "preloadDraftModel", {"specifier": CHAT, "draftModelKey": "x"}, schemas.Error),
    ("embedding", "getBasePredictionConfig", {"specifier": EMBED}, schemas.Config),
    ("embedding", "embedString", {"modelSpecifier": EMBED, "inputString": "a"}, schemas.Vector),
    ("system", "listDownloadedModels", None, list[schemas.AnyModel]),
    ("system", "listDownloadedModelVariants", {"modelKey": "tiny-llm"}, list[schemas.LlmModel]),
    ("system", "version", None, schemas.Version),
    ("system", "info", None, schemas.Info),
    ("system", "notify", {"title": "hi"}, NoneType),
    ("system", "startHttpServer", {"port": "x"}, schemas.Error),
    ("system", "stopHttpServer", None, NoneType),
    ("system", "setExperimentFlag", {"code": "x", "value": True}, schemas.Error),
    ("system", "getExperimentFlags", None, list[str]),
    ("repository", "lmLinkStatus", None, schemas.Link),
    ("repository", "isAuthenticated", None, schemas.Authenticated),
    ("repository", "getAuthenticationStatus", None, dict[str, dict[str, str]]),
    ("repository", "getModelCatalog", None, dict[str, list[None]]),
    (
        "files",
        "uploadFileBase64",
        {"name": "a.txt", "contentBase64": base64.b64encode(b"a").decode()},
        schemas.Upload,
    ),
    ("files", "getLocalFileAbsolutePath", {"fileName": "x"}, schemas.Error),
    ("files", "getDocumentParsingLibrary", {"fileIdentifier": "x"}, schemas.Error),
    ("runtime", "listEngines", None, list[schemas_runtime.Engine]),
    ("runtime", "getEngineSelections", None, schemas_runtime.Selections),
    ("runtime", "selectEngine", {}, schemas.Error),
    ("runtime", "removeEngine", {}, schemas.Error),
    ("runtime", "surveyHardware", None, schemas_runtime.Survey),
)
ELSEWHERE = {
    ("repository", "fuzzyFindStaffPicks"),
    ("repository", "searchModels"),
    ("repository", "getModelDownloadOptions"),
    ("system", "requestShutdown"),
    *_pairs(REFUSED_CALLS),
    *(("system", name) for name in ("getActivity", "setInstanceTtl", "pinInstance", "cancelLoad")),
    *(("system", name) for name in ("getDeparture", "readDiary", "sumDiary")),
    *(("system", name) for name in ("setInstanceKeep", "holdInstances", "forgetPrompts")),
    *(("system", name) for name in ("deleteModel", "offerModel")),
}
"""Checked further down, with the engine's life, where all is refused, and beyond LM Studio."""


@pytest.fixture(scope="module")
def loaded(engine: EngineProcess) -> Iterator[EngineProcess]:
    """The engine with an LLM `chat` and an embedding model `embed`."""
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tiny-llm", "chat", ttl=None)
        client.embedding.load_new_instance("tiny-embed", "embed", ttl=None)
        yield engine


class Checked:
    """A socket whose every frame has to fit its type."""

    def __init__(self, raw: Any) -> None:
        self._socket = raw.socket

    async def _read(self) -> Any:
        return msgspec.json.decode(await self._socket.receive_str(timeout=20), type=schemas.Frame)

    async def call(self, endpoint: str, parameter: Any, kind: Any) -> Any:
        frame = {"type": "rpcCall", "endpoint": endpoint, "callId": 7}
        await self._socket.send_json(
            frame | ({} if parameter is None else {"parameter": parameter})
        )
        answer = await self._read()
        assert answer.call_id == 7
        if kind is schemas.Error:
            assert isinstance(answer, schemas.RpcError)
            return answer.error
        assert isinstance(answer, schemas.RpcResult), answer
        if kind is NoneType:
            assert answer.result is UNSET
            return None
        return msgspec.json.decode(answer.result, type=kind)

    async def channel(
        self, endpoint: str, parameter: Any, kind: Any, *, until: frozenset[type] = frozenset()
    ) -> list[Any]:
        """Read a channel to its end, or stop it when packets of all kinds came; return them."""
        frame = {"type": "channelCreate", "endpoint": endpoint, "channelId": 3}
        await self._socket.send_json(frame | {"creationParameter": parameter})
        packets: list[Any] = []
        while isinstance(said := await self._read(), schemas.ChannelSend):
            packets.append(msgspec.json.decode(said.message, type=kind))
            if until and until <= {type(_inner(packet)) for packet in packets}:
                until = frozenset()
                stop = {"type": "channelSend", "channelId": 3, "message": {"type": "stop"}}
                await self._socket.send_json(stop)
        assert said == schemas.ChannelClose(channel_id=3)
        return packets


def _inner(packet: Any) -> Any:
    return packet.log.data if isinstance(packet, schemas.Log) else packet


def test_every_call_of_the_engine_has_a_case() -> None:
    offered = {
        (space.name, endpoint)
        for module in _NAMESPACES
        for space in [module.namespace(cast("Services", None))]
        for endpoint in space.rpcs
    }
    assert {(namespace, endpoint) for namespace, endpoint, _, _ in CALLS} >= offered - ELSEWHERE


@pytest.mark.asyncio
@pytest.mark.parametrize(("namespace", "endpoint", "parameter", "kind"), CALLS)
async def test_the_answer_of_a_call_fits_its_type(
    loaded: EngineProcess, namespace: str, endpoint: str, parameter: Any, kind: Any
) -> None:
    async with introduced(loaded.address, namespace, clientIdentifier="checker") as raw:
        await Checked(raw).call(endpoint, parameter, kind)


@pytest.mark.asyncio
async def test_the_values_of_a_load_config_have_the_types_of_their_keys(
    loaded: EngineProcess,
) -> None:
    async with introduced(loaded.address, "llm", clientIdentifier="checker") as raw:
        config = await Checked(raw).call("getLoadConfig", {"specifier": CHAT}, schemas.Config)
    llama = "llm.load.llama"
    types: dict[str, Any] = {
        "llm.load.contextLength": int,
        "llm.load.numParallelSessions": int,
        "llm.load.useUnifiedKvCache": bool,
        "llm.load.offloadKVCacheToGpu": bool,
        f"{llama}.acceleration.offloadRatio": schemas.Ratio,
        f"{llama}.autoFit": bool,
        f"{llama}.cpuThreadPoolSize": int,
        f"{llama}.evalBatchSize": int,
        f"{llama}.flashAttention": bool,
        f"{llama}.kCacheQuantizationType": schemas.Ticked,
        f"{llama}.keepModelInMemory": bool,
        f"{llama}.physicalBatchSize": int,
        f"{llama}.tryDirectIO": bool,
        f"{llama}.tryMmap": bool,
        f"{llama}.vCacheQuantizationType": schemas.Ticked,
    }
    assert {field.key for field in config.fields} == set(types)
    for field in config.fields:
        msgspec.convert(field.value, types[field.key])


@pytest.mark.asyncio
async def test_the_packets_of_loads_fit_their_types(engine: EngineProcess) -> None:
    async with introduced(engine.address, "llm", clientIdentifier="checker") as raw:
        chat = Checked(raw)
        asked = {"modelKey": "tiny-llm", "identifier": "a", "ttlMs": 60_000.0}
        packets = await chat.channel("loadModel", asked, schemas.LOAD)
        assert {type(one) for one in packets} == {
            schemas.Resolved,
            schemas.Progress,
            schemas.Success,
        }
        assert packets[-1].info.ttl_ms == 60_000
        packets = []
        for identifier in ("tiny-llm@f16", "big-llm", "big-llm"):
            asked = {"identifier": identifier}
            packets += await chat.channel("getOrLoad", asked, schemas.GET_OR_LOAD)
        assert {type(one) for one in packets} == {
            schemas.Unloading,
            schemas.StartLoading,
            schemas.LoadProgress,
            schemas.LoadSuccess,
            schemas.AlreadyLoaded,
        }
        for identifier in ("a", "big-llm"):
            await chat.call("unloadModel", {"identifier": identifier}, NoneType)


@pytest.mark.asyncio
async def test_the_packets_of_predictions_and_logs_fit_their_types(loaded: EngineProcess) -> None:
    async with (
        introduced(loaded.address, "llm", clientIdentifier="checker") as talking,
        introduced(loaded.address, "diagnostics", clientIdentifier="checker") as listening,
    ):
        kinds = frozenset({schemas.LogInput, schemas.LogOutput, schemas.RuntimeLine})
        logs = Checked(listening).channel("streamLogs", None, schemas.Log, until=kinds)
        heard = asyncio.create_task(logs)
        common = {"modelSpecifier": CHAT, "predictionConfigStack": SHORT}
        for endpoint, asked in (
            ("completeRawText", {"rawPrompt": "once"}),
            ("predict", {"history": HISTORY}),
        ):
            packets = await Checked(talking).channel(endpoint, asked | common, schemas.PREDICT)
            assert {type(one) for one in packets} == {
                schemas.PromptProgress,
                schemas.Fragment,
                schemas.Predicted,
            }
        assert kinds <= {type(_inner(one)) for one in await heard}


@pytest.mark.asyncio
async def test_the_packets_of_a_download_fit_their_types(fetching: EngineProcess) -> None:
    async with introduced(fetching.address, "repository") as raw:
        checked = Checked(raw)
        hits = await checked.call("searchModels", {"opts": {"searchTerm": "tiny"}}, schemas.Hits)
        name = {"type": "hf", "identifier": hits.results[0].name}
        found = await checked.call(
            "getModelDownloadOptions", {"modelSearchResultIdentifier": name}, schemas.Options
        )
        asked = {"downloadIdentifier": found.results[0].download_identifier}
        packets = await checked.channel("downloadModel", asked, schemas.DOWNLOAD)
    assert [type(one) for one in packets[-2:]].count(schemas.DownloadSuccess) == 1
    assert {type(one) for one in packets} == {
        schemas.DownloadProgress,
        schemas.StartFinalizing,
        schemas.DownloadSuccess,
    }
