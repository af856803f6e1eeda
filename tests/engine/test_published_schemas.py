"""Every reply of the engine, held against the schemas that LM Studio itself publishes.

Each call and each channel of each namespace is asked for, as LM Studio's own SDK lists them. What
is answered has to fit to the last field; what is refused has to be a well-formed error.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest
import pytest_asyncio

from lms_jupyter.engine.settings import SHIPPED_MODELS
from lms_jupyter.engine.version import LLAMA_VERSION

from .conftest import EngineProcess, start_engine
from .flaky_hub import FlakyHub
from .published import INSTALL_S, Replies, described
from .stub_server import CUDA, write_stub
from .tutor import TUTOR, config_of, saying

EMBED = {"type": "query", "query": {"identifier": "embed"}}
GHOST = {"type": "query", "query": {"identifier": "ghost"}}
STACK: dict[str, Any] = {"layers": []}
REPOSITORY = {"type": "hf", "identifier": "a/tiny-GGUF"}
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}
TOOLS = {"type": "toolArray", "tools": [ADD]}
MANAGING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("getModelInfo", {"throwIfNotFound": True}),
    ("getModelInfo", {"specifier": GHOST, "throwIfNotFound": True}),
    ("getModelInfo", {"specifier": GHOST, "throwIfNotFound": False}),
    ("getLoadConfig", {}),
    ("getBasePredictionConfig", {}),
    ("getInstanceProcessingState", {"throwIfNotFound": True}),
    ("tokenize", {"inputString": "abc"}),
    ("countTokens", {"inputString": "abc"}),
    ("unloadModel", {"identifier": "ghost"}),
)
CALLS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("llm", name, {"specifier": TUTOR} | more) for name, more in MANAGING),
    *(("embedding", name, {"specifier": EMBED} | more) for name, more in MANAGING),
    ("llm", "estimateModelUsage", {"modelKey": "tutor-1m", "loadConfigStack": STACK}),
    ("embedding", "estimateModelUsage", {"modelKey": "tutor-embed", "loadConfigStack": STACK}),
    ("llm", "applyPromptTemplate", {"specifier": TUTOR, "history": saying("hi")}),
    ("llm", "preloadDraftModel", {"specifier": TUTOR, "draftModelKey": "tutor-1m"}),
    ("embedding", "embedString", {"modelSpecifier": EMBED, "inputString": "a"}),
    ("system", "listDownloadedModelVariants", {"modelKey": "tutor-1m"}),
    ("system", "listDownloadedModelVariants", {"modelKey": "tutor-embed"}),
    ("system", "notify", {"title": "hi"}),
    ("files", "uploadFileBase64", {"name": "a.txt", "contentBase64": "YQ=="}),
    ("repository", "searchModels", {"opts": {"searchTerm": "tiny-GGUF"}}),
    ("repository", "getModelDownloadOptions", {"modelSearchResultIdentifier": REPOSITORY}),
    ("repository", "fuzzyFindStaffPicks", {"searchTerm": "tiny"}),
    ("runtime", "surveyHardware", {"type": "selected"}),
    ("runtime", "surveyHardware", {"type": "custom", "engines": [{"name": "x", "version": "1"}]}),
)
NOT_BY_ITSELF = {("system", "requestShutdown"), ("system", "alive"), ("diagnostics", "streamLogs")}
"""What ends the engine, is silent for as long as it lives, or goes on until it is stopped."""
NEVER_SENT = {("predict", "toolCallGenerationFailed")}
"""A packet for what goes wrong inside a model, which no test brings about by itself."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def replies(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replies]:
    """What an engine with the shipped models, and a source of others, has answered to all of it."""
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        data = next(SHIPPED_MODELS.rglob("Tutor-1M-Q4_0.gguf")).read_bytes()
        async with FlakyHub({"new-Q4_0.gguf": data}).serve() as hub:
            patch.setenv("HF_ENDPOINT", hub.endpoint)
            engine = await asyncio.to_thread(_start, folder)
            heard = Replies(engine)
            await _ask_everything(heard)
            yield heard
            await asyncio.to_thread(engine.stop)


def _start(folder: Path) -> EngineProcess:
    downloads = folder / "models"
    downloads.mkdir()
    engine = start_engine(
        SHIPPED_MODELS, folder / "log", "--models", str(downloads), "--downloads", str(downloads)
    )
    with lmstudio.Client(engine.address) as client:
        client.llm.load_new_instance("tutor-1m", "tutor", ttl=None)
        client.embedding.load_new_instance("tutor-embed", "embed", ttl=60)
    return engine


async def _ask_everything(replies: Replies) -> None:
    for namespace, found in described().items():
        for endpoint in found["calls"]:
            if (namespace, endpoint) not in NOT_BY_ITSELF:
                await replies.call(namespace, endpoint, {})
        for endpoint in found["channels"]:
            if (namespace, endpoint) not in NOT_BY_ITSELF:
                await replies.channel(namespace, endpoint, {})
    for namespace, endpoint, parameter in CALLS:
        await replies.call(namespace, endpoint, parameter)
    await _predict(replies)
    await _load(replies)
    await _fetch(replies)
    await _read(replies)
    await replies.channel("diagnostics", "streamLogs", {}, "", "", "", "stop")


async def _predict(replies: Replies) -> None:
    greedy = {"temperature": 0, "maxPredictedTokens": {"checked": True, "value": 40}}
    common = {"modelSpecifier": TUTOR}
    for history, more in (("Who are you?", {}), ("What is 12 plus 30?", {"tools": TOOLS})):
        asked = {"history": saying(history), "predictionConfigStack": config_of(**greedy, **more)}
        await replies.channel("llm", "predict", common | asked)
    await replies.channel(
        "llm", "completeRawText", common | {"rawPrompt": "a", "predictionConfigStack": STACK}
    )
    await replies.channel("llm", "predict", {"modelSpecifier": GHOST, "history": saying("a")})


async def _load(replies: Replies) -> None:
    stack = {"loadConfigStack": STACK}
    await replies.channel("llm", "loadModel", {"modelKey": "tutor-1m", "ttlMs": 60_000} | stack)
    await replies.channel("llm", "loadModel", {"modelKey": "nothing"} | stack)
    await replies.channel("llm", "loadModel", {"modelKey": "tutor-embed"} | stack)
    await replies.channel("embedding", "loadModel", {"modelKey": "tutor-embed"} | stack)
    for namespace, name in (
        ("llm", "tutor-1m@f16"),
        ("embedding", "tutor-embed"),
        ("llm", "tutor-1m-vision"),
        ("llm", "tutor-1m-vision"),
    ):
        await replies.channel(namespace, "getOrLoad", {"identifier": name} | stack)
    await replies.call("llm", "unloadModel", {"identifier": "tutor-1m-vision"})
    await replies.call("embedding", "unloadModel", {"identifier": "text-embedding-tutor-embed"})
    await replies.channel("embedding", "getOrLoad", {"identifier": "x"} | stack)


async def _fetch(replies: Replies) -> None:
    target = {"type": "artifact", "owner": "a", "name": "tiny"}
    await replies.channel("repository", "createDownloadPlan", {"target": target}, "", "cancelPlan")
    await replies.channel("repository", "createDownloadPlan", {"target": target}, "", "commit")
    await replies.channel("repository", "downloadModel", {"downloadIdentifier": "a/tiny-GGUF@q4_0"})
    source = {"type": "model", "source": {"type": "huggingface", "user": "a", "repo": "tiny-GGUF"}}
    await replies.channel("repository", "createDownloadPlan", {"target": source}, "", "commit")


async def _read(replies: Replies) -> None:
    encoded = base64.b64encode(b"First.\n\nSecond.").decode()
    file = await replies.call(
        "files", "uploadFileBase64", {"name": "notes.txt", "contentBase64": encoded}
    )
    identifier = {"fileIdentifier": file["identifier"]}
    await replies.call("files", "getDocumentParsingLibrary", identifier)
    await replies.channel("files", "parseDocument", identifier)
    fields = [{"key": "retrieval.embeddingModel", "value": "embed"}]
    asked = {
        "fileIdentifiers": [file["identifier"]],
        "query": "first",
        "config": {"fields": fields},
    }
    await replies.channel("files", "retrieve", asked)


@pytest.mark.timeout(INSTALL_S + 180)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_reply_fits_the_schemas_of_lm_studio(replies: Replies) -> None:
    assert replies.wrong() == []


@pytest.mark.timeout(INSTALL_S + 180)
@pytest.mark.asyncio
async def test_the_replies_of_a_machine_with_gpus_fit_too(tmp_path: Path) -> None:
    devices = f"{CUDA}\n  CUDA1: A (strange) one (8 MiB, 0 MiB free)"
    program = write_stub(tmp_path / "llama-server", devices=devices)
    engine = start_engine(tmp_path, tmp_path / "log", "--llama-server", str(program))
    heard = Replies(engine)
    await heard.call("runtime", "listEngines", {})
    for kind in ("selected", "all"):
        survey = await heard.call("runtime", "surveyHardware", {"type": kind})
        one = next(one for one in survey["engines"] if one["name"] == "llama-server")
        gpus = one["hardwareSurvey"]["gpuSurveyResult"]["gpuInfo"]
        assert [gpu["name"] for gpu in gpus] == ["NVIDIA GeForce RTX 4090", "A (strange) one"]
        assert one["memoryInfo"]["vramCapacity"] == (24564 + 8) * 2**20
    own = {"name": "xllamacpp", "version": LLAMA_VERSION}
    await heard.call("runtime", "selectEngine", {"engine": own, "modelFormatName": "GGUF"})
    assert (await heard.call("runtime", "getEngineSelections", {}))["json"] == [["GGUF", own]]
    await heard.call("runtime", "selectEngine", {"engine": own, "modelFormatName": "MLX"})
    await heard.call(
        "runtime", "selectEngine", {"engine": own | {"name": "no"}, "modelFormatName": "GGUF"}
    )
    assert heard.wrong() == []
    assert [one["value"]["errorData"]["code"] for one in heard.heard if one["kind"] == "error"] == [
        "not_implemented",
        "runtime_not_found",
    ]
    await asyncio.to_thread(engine.stop)


@pytest.mark.timeout(INSTALL_S + 180)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_call_and_channel_of_lm_studio_has_an_end(replies: Replies) -> None:
    published = {
        (namespace, endpoint)
        for namespace, found in described().items()
        for endpoint in (*found["calls"], *found["channels"])
    }

    unknown = [
        one["endpoint"]
        for one in replies.heard
        if one["kind"] == "error" and one["value"]["errorData"]["code"] == "unknown_endpoint"
    ]

    assert published - replies.answered() == NOT_BY_ITSELF - {("diagnostics", "streamLogs")}
    assert unknown == []


@pytest.mark.timeout(INSTALL_S + 180)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_kind_of_packet_that_we_send_was_among_them(replies: Replies) -> None:
    channels = {
        name: types
        for found in described().values()
        for name, types in found["channels"].items()
        if any(one["endpoint"] == name and one["kind"] == "packet" for one in replies.heard)
    }
    published = {(name, kind) for name, types in channels.items() for kind in types}

    assert published - replies.packets(channels) <= NEVER_SENT
