"""The engine on this machine's GPU, next to its `llama-server` alone. Run it by
`python -m tests.bench gpu --llama-server PATH`.

Both have the same program, model, flags and client, and take turns. Memory is what the driver
tells of the whole GPU, before and after: nothing else may use it meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from lms_jupyter.engine.gpus.nvml import Nvml
from tests.bench.direct_server import Answer, complete, direct, prompt
from tests.bench.figure import Figure
from tests.bench.large_model import MODELS, LargeModel, write_large
from tests.engine.conftest import EngineProcess, start_engine
from tests.engine.raw import Raw, introduced

MIB = 2**20
CONTEXT = 8192
CONTEXTS = (2048, 8192, 32768)
SOFTWARE = "llvmpipe"
RETURN_S = 3.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: on a GPU in software, only that it works."""

    rounds: int
    tokens: int
    prompt: int
    cycles: int
    holds: bool
    """Whether limits mean anything."""


REAL = Effort(rounds=5, tokens=256, prompt=2048, cycles=50, holds=True)
SMALL = Effort(rounds=1, tokens=8, prompt=64, cycles=3, holds=False)


def figures() -> Iterator[Figure]:
    """Measure each model that fits, or say that there is no GPU."""
    program = shutil.which(os.environ.get("LMS_JUPYTER_LLAMA_SERVER") or "llama-server")
    if program is None:
        print("no llama-server to measure: name one with --llama-server PATH")
        return
    with tempfile.TemporaryDirectory() as temporary:
        models = Path(temporary) / "models"
        models.mkdir()
        options = ("--llama-server", program, "--guardrail", "off")
        engine = start_engine(models, Path(temporary) / "log", *options)
        try:
            gpus = asyncio.run(_gpus(engine))
            if not gpus:
                print(f"{program} finds no GPU on this machine")
                return
            gpu = gpus[0]
            print(f"{gpu['gpuId']}: {gpu['name']}, {gpu['totalBytes'] / MIB:,.0f} MiB")
            effort = SMALL if SOFTWARE in gpu["name"] else REAL
            for model in _fitting(gpu, effort):
                file = write_large(models, model)
                yield from asyncio.run(_measured(engine, Path(program), model, file, effort))
                file.unlink()
        finally:
            engine.stop()


def _fitting(gpu: dict[str, Any], effort: Effort) -> list[LargeModel]:
    """Return the models that this machine can write and hold, by the most telling first."""
    main, video = psutil.virtual_memory().available / 3, gpu["availableBytes"] / 2
    largest = min(main, video) if effort.holds else MODELS[0].bytes
    return [one for one in MODELS if one.bytes <= largest][-2:] or [MODELS[0]]


async def _gpus(engine: EngineProcess) -> list[dict[str, Any]]:
    async with introduced(engine.address, "system") as system:
        await _surveyed(engine)
        activity = await system.call("getActivity")
    gpus: list[dict[str, Any]] = activity["memory"]["gpus"]
    return gpus


async def _surveyed(engine: EngineProcess) -> None:
    async with introduced(engine.address, "runtime") as runtime:
        await runtime.call("listEngines")


async def _measured(
    engine: EngineProcess, program: Path, model: LargeModel, file: Path, effort: Effort
) -> list[Figure]:
    """Return all figures of one model."""
    print(f"  {model.name}: {file.stat().st_size / 1e9:.2f} GB", flush=True)
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        side = Side(llm, system, model.name)
        found = [one async for one in _speeds(side, engine, program, file, effort)]
        found += [one async for one in _memory(side, effort)]
        found += [one async for one in _cycles(side, effort)]
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """The engine, by its sockets, and the model that is loaded there."""

    llm: Raw
    system: Raw
    model: str

    @asynccontextmanager
    async def loaded(self, context: int, ratio: float | str) -> AsyncIterator[None]:
        """Have the model loaded in the block."""
        channel = await self.llm.open(
            "loadModel",
            modelKey=self.model.lower(),
            identifier=self.model,
            loadConfigStack=_stack(context, ratio),
        )
        while (frame := await self.llm.socket.receive_json(timeout=600))["type"] != "channelClose":
            if frame["type"] == "channelError":
                raise RuntimeError(frame["error"]["title"])
            assert frame["channelId"] == channel
        try:
            yield
        finally:
            await self.llm.call("unloadModel", identifier=self.model)

    async def held(self) -> int:
        """Return what the engine says that the instance holds of GPUs."""
        activity = await self.system.call("getActivity")
        (one,) = activity["instances"]
        return sum(share["memoryBytes"] for share in one["gpuMemory"])

    async def estimated(self, context: int, ratio: float | str) -> int:
        """Return what the engine says that a load would take of GPUs."""
        said = await self.llm.call(
            "estimateModelUsage",
            modelKey=self.model.lower(),
            loadConfigStack=_stack(context, ratio),
        )
        return int(said["memory"]["totalVramBytes"])


def _stack(context: int, ratio: float | str) -> dict[str, Any]:
    fields = [
        {"key": "llm.load.contextLength", "value": context},
        {"key": "llm.load.llama.acceleration.offloadRatio", "value": ratio},
    ]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


async def _speeds(
    side: Side, engine: EngineProcess, program: Path, file: Path, effort: Effort
) -> AsyncIterator[Figure]:
    """Measure one stream, four, and a long prompt, on both sides in turns."""
    flags = ("-c", str(CONTEXT), "-b", "2048", "-ub", "512", "-ngl", "99", "-np", "4")
    more = ("--kv-unified", "-fit", "off", "--cache-ram", "0", "-t", "4")
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    async with side.loaded(CONTEXT, "max"), direct(program, file, *flags, *more) as alone:
        places = ((alone, theirs), (engine.address, ours))
        for number in range(effort.rounds + 1):
            for address, results in places if number % 2 else places[::-1]:
                measured = await _round(address, side.model, effort)
                if number:  # the first round warms both up
                    for what, value in measured.items():
                        results.setdefault(what, []).append(value)
    limit = 0.97 if effort.holds else None
    for what, values in ours.items():
        base, own = statistics.median(theirs[what]), statistics.median(values)
        yield Figure(f"{side.model}, {what}, llama-server alone", base, "tokens/s")
        yield Figure("  through the engine", own, "tokens/s")
        yield Figure("  ratio", own / base, "", at_least=limit)


async def _round(address: str, model: str, effort: Effort) -> dict[str, float]:
    one = await complete(address, model, prompt(32), effort.tokens)
    four: list[Answer] = await asyncio.gather(
        *(complete(address, model, prompt(32), effort.tokens) for _ in range(4))
    )
    read = await complete(address, model, prompt(effort.prompt), 1)
    return {
        "1 stream": one.tokens_per_second,
        "4 streams": sum(answer.tokens for answer in four) / max(a.total_s for a in four),
        f"prompt of {effort.prompt}": effort.prompt / read.first_s,
    }


async def _memory(side: Side, effort: Effort) -> AsyncIterator[Figure]:
    """Compare what is estimated, what the engine tells, and what the driver tells."""
    taken: dict[str, int] = {}
    for context, ratio in (*((one, "max") for one in CONTEXTS), (CONTEXT, 0.5)):
        before = _used()
        estimated = await side.estimated(context, ratio)
        async with side.loaded(context, ratio):
            held, after = await side.held(), _used()
        await _returned(before)
        title = f"{side.model}, {context} tokens, --gpu {ratio}"
        if before is None or after is None:
            yield Figure(f"{title}: the driver tells nothing; llama.cpp", held / MIB, "MiB")
            yield Figure("  estimated", estimated / MIB, "MiB")
            continue
        driver = after - before
        taken[f"{context} {ratio}"] = driver
        yield Figure(f"{title}: the driver", driver / MIB, "MiB")
        yield _off("  the engine, off by", held, driver, 3, effort)
        yield _off("  the estimate, off by", estimated, driver, 5, effort)
    if taken:
        half = taken[f"{CONTEXT} 0.5"] / taken[f"{CONTEXT} max"]
        yield Figure("  --gpu 0.5 to all", half, "", at_most=0.6 if effort.holds else None)


def _off(what: str, said: int, driver: int, limit: float, effort: Effort) -> Figure:
    off = 100 * abs(said / max(1, driver) - 1)
    return Figure(what, off, "%", at_most=limit if effort.holds else None)


async def _cycles(side: Side, effort: Effort) -> AsyncIterator[Figure]:
    """Load and unload many times, and look whether everything came back."""
    before = _used()
    for _ in range(effort.cycles):
        async with side.loaded(2048, "max"):
            pass
    await _returned(before)
    after = _used()
    what = f"{side.model}, {effort.cycles} loads and unloads"
    if before is None or after is None:
        yield Figure(what, effort.cycles, "loads")
        return
    kept = max(0, after - before) / MIB
    yield Figure(f"{what}: left on the GPU", kept, "MiB", at_most=1 if effort.holds else None)


async def _returned(before: int | None) -> None:
    """Wait until the driver has the memory back, for a bounded time."""
    loop = asyncio.get_running_loop()
    last = loop.time() + RETURN_S
    while before is not None and (_used() or 0) > before and loop.time() < last:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def _used() -> int | None:
    """Return what is in use of all of NVIDIA's GPUs, `None` if no driver tells it."""
    readings = _NVML.read()
    return sum(one.total_bytes - one.free_bytes for one in readings) if readings else None


_NVML = Nvml()
