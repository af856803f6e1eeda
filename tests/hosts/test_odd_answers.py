"""Whatever a host answers, there is a result that can be shown, or one of our errors."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import lmstudio
import msgspec
import pytest

from lms_jupyter.api import cards
from lms_jupyter.api.draw import draw_instances, instances_json, models_json, table_of_models
from lms_jupyter.errors import LmsError
from lms_jupyter.hosts import sdk_errors, sdk_streams
from lms_jupyter.hosts.base import LoadOrigin, Offer
from lms_jupyter.hosts.channel import open_channel
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import HostInfo, Instance, LoadConfig, Model
from tests.hosts.mutants import mutated
from tests.hosts.test_decode import RAW

SEED = int(os.environ.get("LMS_JUPYTER_SEED", "7"))
ANSWERS = int(os.environ.get("LMS_JUPYTER_ODD_ANSWERS", "10000"))

NOW_MS = 1_700_000_000_000
STATE = {"status": "generating", "queued": 1}
SIGHT = {
    "now": NOW_MS,
    "instances": [
        RAW
        | STATE
        | {"memoryBytes": 5, "owner": "a.ipynb", "runtime": "llama-server b10434 (Vulkan)"}
        | {"gpuMemory": [{"gpuId": "Vulkan0", "memoryBytes": 3}]}
    ],
    "loads": [
        {
            "loadId": "other-1",
            "identifier": "b",
            "modelKey": "b",
            "type": "llm",
            "progress": 0.25,
            "startedAt": NOW_MS,
        }
    ],
    "memory": {
        "totalBytes": 24,
        "availableBytes": 12,
        "gpus": [
            {
                "gpuId": "Vulkan0",
                "name": "NVIDIA RTX 4090",
                "totalBytes": 24,
                "availableBytes": 12,
                "users": [{"pid": 7, "name": "python3", "memoryBytes": 2}],
            }
        ],
    },
}
KEYS = ("contextLength", "numParallelSessions", "llama.acceleration.offloadRatio", "seed")
ANSWER: dict[str, Any] = {
    "listDownloadedModels": [RAW | {"variants": ["tiny-llm@q4"], "selectedVariant": None}],
    "listLoaded": [RAW],
    "getInstanceProcessingState": STATE,
    "getActivity": SIGHT,
    "getLoadConfig": {
        "fields": [
            *({"key": f"llm.load.{key}", "value": 1} for key in KEYS),
            {"key": "llm.load.seed", "value": {"checked": True, "value": 3}},
        ]
    },
    "estimateModelUsage": {
        "memory": {"confidence": "high", "totalBytes": 5, "totalVramBytes": 1},
        "passesGuardrails": True,
    },
    "listDownloadedModelVariants": [RAW],
    "searchModels": {"results": [{"identifier": {"type": "hf", "identifier": "acme/x"}}]},
    "getModelDownloadOptions": {
        "results": [
            {
                "name": "acme/x",
                "sizeBytes": 10,
                "downloadIdentifier": "acme/x@q4",
                "quantization": "Q4",
                "recommended": True,
                "fitEstimation": "fits",
            }
        ]
    },
    "uploadFileBase64": {"identifier": "f", "sizeBytes": 3, "fileType": "image"},
}
PACKETS: dict[str, list[Any]] = {
    "loadModel": [
        {"type": "resolved", "info": RAW},
        {"type": "progress", "progress": 0.5},
        {"type": "unloadingOtherJITModel", "info": RAW},
        {"type": "success", "info": RAW},
    ],
    "getOrLoad": [
        {"type": "loadProgress", "progress": 0.5},
        {"type": "alreadyLoaded", "info": RAW},
    ],
    "predict": [
        {"type": "promptProcessingProgress", "progress": 1},
        {"type": "fragment", "fragment": {"content": "Hello", "reasoningType": "none"}},
        {"type": "success", "stats": {"stopReason": "eosFound", "tokensPerSecond": 5.0}},
    ],
    "downloadModel": [
        {
            "type": "downloadProgress",
            "update": {"downloadedBytes": 5, "totalBytes": 10, "speedBytesPerSecond": 1.0},
        },
        {"type": "success", "defaultIdentifier": "tiny-llm"},
    ],
    "streamLogs": [
        {
            "type": "log",
            "log": {
                "timestamp": NOW_MS,
                "data": {"type": "server.log", "level": "info", "content": "It listens."},
            },
        }
    ],
    "watchActivity": [SIGHT],
}
ERROR = {
    "title": "It failed",
    "rootTitle": "Why",
    "cause": "No memory",
    "suggestion": "Buy some",
    "errorData": {"code": "load_cancelled"},
    "displayData": {"code": "generic.pathNotFound", "path": "x", "availablePathsSample": ["y"]},
    "stack": "Error: It failed\n    at main",
}


class OddSession:
    """A session of the SDK whose answers are as told; errors come as the SDK makes them."""

    def __init__(self, answers: dict[str, Any], packets: dict[str, list[Any]], error: Any) -> None:
        self._answers = answers
        self._packets = packets
        self._error = error

    async def remote_call(self, endpoint: str, _parameters: Any = None) -> Any:
        if endpoint not in self._answers:
            raise lmstudio.LMStudioServerError.from_details("RPC error", self._error)
        return self._answers[endpoint]

    @asynccontextmanager
    async def _create_channel(self, endpoint: Any) -> AsyncIterator[Any]:
        yield OddChannel(self._packets.get(endpoint.api_endpoint), self._error)


class OddChannel:
    """A channel of the SDK; it passes nothing on but objects, as the SDK itself."""

    def __init__(self, packets: list[Any] | None, error: Any) -> None:
        self._packets = packets
        self._error = error

    async def rx_stream(self) -> AsyncIterator[Any]:
        if self._packets is None:
            raise lmstudio.LMStudioServerError.from_details("channel error", self._error)
        for packet in self._packets:
            if not isinstance(packet, dict):
                raise lmstudio.LMStudioClientError(f"unexpected message: {packet!r}")
            yield packet
        self._packets = []

    async def send_message(self, _message: Any) -> None: ...


class OddClient:
    """A client of the SDK that has the one session for everything."""

    def __init__(self, session: OddSession) -> None:
        self.llm = self.embedding = self.system = self.files = self.repository = session


INSTANCE = Instance(
    identifier="tiny-llm",
    instance_reference="Zk2",
    model_key="tiny-llm",
    kind="llm",
    display_name="Tiny",
    path="p",
    size_bytes=1,
    context_length=1,
    max_context_length=1,
)
MODEL = Model(
    model_key="tiny-llm",
    kind="llm",
    display_name="Tiny",
    path="p",
    size_bytes=1,
    max_context_length=1,
    variants=("tiny-llm@q4",),
)
OFFER = Offer(name="acme/x", download_id="acme/x@q4", size_bytes=10)
SAID = Message(role="user", text="Hi")
REQUEST = LoadRequest(model_key="tiny-llm")
ORIGIN = LoadOrigin(load_id="l", kind="llm")


async def all_of(steps: Any) -> list[Any]:
    """Take an iterator to its end."""
    return [step async for step in steps]


async def log_of(host: SdkHost) -> list[Any]:
    """Take a log to its end; the host itself would open a session of its own for it."""
    with sdk_errors.translated("host:1"):
        async with open_channel(host._session("llm"), "streamLogs", {}) as channel:
            return await all_of(sdk_streams.entries(channel))


def show_instances(found: Any) -> None:
    """Show what is in memory in every form that there is."""
    for drawing in (draw_instances(found, NOW_MS / 1000), *map(cards.draw_instance, found)):
        drawing.text().encode()
        drawing.html().encode()
        drawing.markdown().encode()
    instances_json(found).encode()


def show_models(found: Any) -> None:
    """Show what is on the disk in every form that there is."""
    table_of_models(found, ()).bundle()
    for drawing in map(cards.draw_model, found):
        drawing.text().encode()
        drawing.html().encode()
    models_json(found).encode()


def show_log(found: Any) -> None:
    """Show a log as `%lms log` does."""
    from lms_jupyter.magics.run import listing  # noqa: PLC0415 - the layer above

    for entry in found:
        listing._text(entry).encode()
        listing._json(entry).encode()


Question = Callable[[SdkHost], Awaitable[Any]]
Show = Callable[[Any], None]


def nothing_more(_found: Any) -> None:
    """Show in no other form than as JSON."""


CALLS: dict[str, tuple[Question, Show]] = {
    "listDownloadedModels": (lambda host: host.models(), show_models),
    "listLoaded": (lambda host: host.poll(), lambda sight: show_instances(sight.instances)),
    "getInstanceProcessingState": (
        lambda host: host.poll(),
        lambda sight: show_instances(sight.instances),
    ),
    "getActivity": (lambda host: host.poll(), lambda sight: show_instances(sight.instances)),
    "getLoadConfig": (lambda host: host.load_config(INSTANCE), nothing_more),
    "estimateModelUsage": (
        lambda host: host.estimate(MODEL, LoadConfig()),
        lambda told: [cards.draw_estimate(told).text().encode()],  # type: ignore[return-value]
    ),
    "listDownloadedModelVariants": (lambda host: host.variants(MODEL), show_models),
    "searchModels": (lambda host: host.search("x"), nothing_more),
    "getModelDownloadOptions": (lambda host: host.offers("acme/x"), nothing_more),
    "loadModel": (lambda host: all_of(host.load(REQUEST, ORIGIN)), nothing_more),
    "getOrLoad": (lambda host: all_of(host.use(REQUEST, ORIGIN)), nothing_more),
    "predict": (lambda host: all_of(host.respond(INSTANCE, [SAID], Sampling())), nothing_more),
    "downloadModel": (lambda host: all_of(host.download(OFFER)), nothing_more),
    "watchActivity": (
        lambda host: all_of(host.subscribe()),
        lambda sights: [show_instances(s.instances) for s in sights],  # type: ignore[return-value]
    ),
    "streamLogs": (log_of, show_log),
}
LONGEST = 800
"""Of a sentence that repeats a part of an odd answer."""
ENGINES = ("getActivity", "watchActivity")


async def ask(name: str, told: Any, error: Any) -> Any:
    """Ask a host that tells this, and show what comes of it."""
    answers = dict(ANSWER)
    packets = dict(PACKETS)
    if error is not ERROR:
        answers.pop(name, None)
        packets.pop(name, None)
    elif name in PACKETS:
        packets[name] = told
    else:
        answers[name] = told
    host = SdkHost("host:1")
    features = ("activity",) if name in ENGINES else ()
    host.info = HostInfo(name="Host", address="host:1", features=features)
    host._client = OddClient(OddSession(answers, packets, error))  # type: ignore[assignment]
    question, show = CALLS[name]
    found = await question(host)
    msgspec.json.encode(found)
    show(found)
    return found


def test_every_call_that_is_read_is_tried_here() -> None:
    assert set(CALLS) == {*ANSWER, *PACKETS} - {"uploadFileBase64"}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", CALLS)
async def test_a_sane_answer_is_read(name: str) -> None:
    assert await ask(name, (ANSWER | PACKETS)[name], ERROR)


@pytest.mark.asyncio
async def test_no_answer_of_ten_thousand_raises_anything_but_our_errors() -> None:
    chance = random.Random(SEED)  # noqa: S311 - no secret
    asyncio.get_running_loop().set_debug(False)
    names = list(CALLS)
    sentences: list[str] = []
    for number in range(ANSWERS):
        name = names[number % len(names)]
        told, error = (ANSWER | PACKETS)[name], ERROR
        if number % 7 and name in PACKETS:
            odd = chance.randrange(len(told))
            told = [mutated(each, chance) if n == odd else each for n, each in enumerate(told)]
        elif number % 7:
            told = mutated(told, chance)
        else:
            error = mutated(ERROR, chance)
            error = error if isinstance(error, dict) else {"title": error}
        try:
            async with asyncio.timeout(5):
                await ask(name, told, error)
        except LmsError as caught:
            sentences.append(caught.title)
            caught.hint.encode()
        except Exception as caught:
            caught.add_note(f"seed {SEED}, answer {number} of {name}: {told!r}"[:2000])
            raise
    assert 0.1 < len(sentences) / ANSWERS < 0.9, "some are read, and some are not"
    "".join(sentences).encode()
    assert [said for said in sentences if "\n" in said or len(said) > LONGEST] == []
