"""What a gateway adds to an answer, and what it could carry: `python -m tests.bench.bench_fleet`.

First one gateway and one engine: the first token and the speed through the gateway next to the
engine asked directly, in turns. Then a device that computes nothing here and speaks 200 tokens a
second: what the gateway takes of that is the gateway's alone. Then the gateway's own code with a
thousand devices that are not there: decisions, lists, accounts taken in, and what a page is sent.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.fleet.placement import Place, choose
from lms_jupyter.engine.fleet.places import place
from lms_jupyter.engine.fleet.telling import Telling
from lms_jupyter.engine.instances.selection import Query
from lms_jupyter.engine.wire.frames import channel_send, encode, rpc_result
from tests.bench.figure import Figure, show
from tests.engine.raw import Raw
from tests.fleet.conftest import (
    CHAT,
    CONFIG,
    Started,
    all_connected,
    asking,
    at_most,
    begun,
    meant,
    saying,
    until,
    with_token,
    written,
)
from tests.fleet.paced import paced, seconds

ROUNDS, TOKENS = {CHAT: 30}, 40
DEVICES, EACH, NOTEBOOKS = 1000, 10, 2000
GB = 10**9


def figures() -> Iterator[Figure]:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(compare(Path(folder)))
        yield from asyncio.run(pace(Path(folder)))
    yield from asyncio.run(simulate())


async def pace(folder: Path) -> list[Figure]:
    """Ask a device that computes nothing here and speaks at a rate of its own."""
    took: dict[str, list[float]] = {"through": [], "direct": []}
    async with paced() as address:
        fleet = folder / "paced.toml"
        fleet.write_text(f'[devices.paced]\naddress = "{address}"\n')
        gateway = begun(folder / "paced", "--no-default-models", "--fleet", str(fleet))
        try:
            await until(gateway, lambda told: all_connected(told) and told["instances"])
            device = Started(gateway.process, address)
            async with asking(gateway, "llm") as through, asking(device, "llm") as direct:
                for _ in range(5):
                    for way, raw in (("through", through), ("direct", direct)):
                        took[way].append(await seconds(raw, 200))
        finally:
            gateway.stop()
    best_of = {way: min(found) for way, found in took.items()}
    ratio = best_of["direct"] / best_of["through"]
    return [
        Figure("a device at 200 tokens/s: speed, directly", 200 / best_of["direct"], "tokens/s"),
        Figure("a device at 200 tokens/s: speed, through the gateway", ratio, "times", None, 0.97),
    ]


async def compare(folder: Path) -> list[Figure]:
    """Ask models through the gateway and directly, in turns."""
    device = with_token(folder / "device")
    fleet = written(folder, {"device": device})
    gateway = begun(folder / "gateway", "--no-default-models", "--fleet", str(fleet))
    figures: list[Figure] = []
    try:
        await until(gateway, all_connected)
        async with asking(gateway, "llm") as through, asking(device, "llm") as direct:
            for key, rounds in ROUNDS.items():
                asked = {"modelKey": key, "identifier": key, "deviceIdentifier": "device"}
                channel = await through.open("loadModel", **asked, loadConfigStack=CONFIG)
                _packets, end = await through.end(channel)
                assert end["type"] == "channelClose", end
                ways = {"through": through, "direct": direct}
                took: dict[str, list[tuple[float, float, int]]] = {way: [] for way in ways}
                used = computed(gateway)
                for _ in range(rounds):
                    for way, raw in ways.items():
                        took[way].append(await answer(raw, key))
                each = (computed(gateway) - used) / sum(one[2] for one in took["through"])
                figures += compared(key, took)
                what = f"{key}: processor of the gateway, each token"
                figures.append(Figure(what, 1e3 * each, "ms"))
    finally:
        gateway.stop()
        device.stop()
    return figures


def compared(key: str, took: dict[str, list[tuple[float, float, int]]]) -> list[Figure]:
    """Make figures of one model: the best of each way, since others use this machine, too.

    It is as fast as frames are written, on the same cores: its speed has no limit.
    """
    first = {way: min(one[0] for one in found) for way, found in took.items()}
    speed = {way: 1 / min(one[1] for one in found) for way, found in took.items()}
    added = 1e3 * (first["through"] - first["direct"])
    ratio = speed["through"] / speed["direct"]
    return [
        Figure(f"{key}: first token, directly", 1e3 * first["direct"], "ms"),
        Figure(f"{key}: first token, added by the gateway", added, "ms", at_most=5),
        Figure(f"{key}: speed, directly", speed["direct"], "tokens/s"),
        Figure(f"{key}: speed, through the gateway", ratio, "times"),
    ]


def computed(engine: Started) -> float:
    """Return the seconds of a processor that an engine itself has had, without its models."""
    times = psutil.Process(engine.process.pid).cpu_times()
    return times.user + times.system


async def answer(raw: Raw, key: str) -> tuple[float, float, int]:
    """Return the seconds to the first token and in all for each token, and how many came.

    Pieces may lie in the socket when we come to read: a speed after the first one says nothing.
    """
    began = time.perf_counter()
    channel = await raw.open(
        "predict",
        modelSpecifier=meant(key),
        history=saying("Hello"),
        predictionConfigStack=at_most(TOKENS),
    )
    await raw.packet(channel, "fragment")
    first = time.perf_counter()
    packets, _end = await raw.end(channel)
    tokens = packets[-1]["stats"]["predictedTokensCount"]
    return first - began, (time.perf_counter() - began) / tokens, tokens


async def simulate() -> list[Figure]:
    """Have a thousand devices with ten instances each, and time the gateway's own code."""
    async with aiohttp.ClientSession() as session:
        fleet = Fleet(session)
        await fleet.take([Node(device=f"d{n}", name=f"device {n}") for n in range(DEVICES)])
        accounts = [account(number) for number in range(DEVICES)]
        for device, told in zip(list(fleet), accounts, strict=True):
            device.is_connected = True
            device._hear(told)
        gc.freeze()
        listed = best(lambda: rpc_result(1, [one for d in fleet for one in d.listed("llm")]))
        packet = [one for d in fleet for one in d.instances]
        devices = list(fleet)
        heard = best(lambda: [d._hear(told) for d, told in zip(devices, accounts, strict=True)])
        found = best(lambda: fleet.holder(Query(identifier="model-999-9"), "llm"))
        told = told_to_notebooks(fleet)
        gc.unfreeze()
    places = [a_place(number, told) for number, told in enumerate(accounts)]
    made = best(lambda: [a_place(number, told) for number, told in enumerate(accounts)])
    decided = best(lambda: choose(places))
    slice_bytes = len(encode(packet))
    return [
        Figure("1,000 devices: a decision where idle ones must leave", 1e3 * decided, "ms", 5),
        Figure("1,000 devices: what they say made into places", 1e3 * made, "ms"),
        Figure("10,000 instances: listLoaded, encoded", 1e3 * listed, "ms", 50),
        Figure("10,000 instances: one found by its name", 1e3 * found, "ms", 5),
        Figure("accounts of 10 instances taken in", DEVICES / heard, "a second"),
        Figure("10,000 instances: what who begins to watch is sent", slice_bytes / 1e6, "MB"),
        *told,
    ]


def told_to_notebooks(fleet: Fleet) -> list[Figure]:
    """Tell two thousand notebooks of a change on one device, and of one on each device."""
    own = {"now": 1, "instances": [], "loads": [], "memory": None, "gaveWay": []}
    telling, figures = Telling(fleet), []
    for what, devices in (("one device", list(fleet)[:1]), ("all devices", list(fleet))):
        since = fleet.revision
        for number, device in enumerate(devices):
            told = account(number)
            told["instances"][0]["queued"] = since
            device._hear(told)
        took = best(lambda since=since: tell(telling, own, since), 3)  # type: ignore[misc]
        size = len(channel_send(1, telling.changes(own, since)))
        figures += [
            Figure(f"a change on {what}: what a notebook is told", size / 1e3, "kB"),
            Figure(f"2,000 notebooks told of {what}", NOTEBOOKS / took, "messages/s"),
        ]
    return figures


def tell(telling: Telling, own: dict[str, Any], since: int) -> None:
    """Write what each notebook is told."""
    for _ in range(NOTEBOOKS):
        channel_send(1, telling.changes(own, since))


def account(number: int) -> dict[str, Any]:
    """Return what a device says that is full of idle instances."""
    instances = [
        {
            "type": "llm",
            "modelKey": f"acme/model-{at}",
            "format": "gguf",
            "displayName": f"Model {at}",
            "publisher": "acme",
            "path": f"acme/model-{at}-GGUF/model-{at}-Q4_K_M.gguf",
            "sizeBytes": 4 * GB,
            "indexedModelIdentifier": f"acme/model-{at}-GGUF/model-{at}-Q4_K_M.gguf",
            "deviceIdentifier": None,
            "maxContextLength": 131_072,
            "architecture": "llama",
            "vision": False,
            "trainedForToolUse": True,
            "identifier": f"model-{number}-{at}",
            "instanceReference": f"reference-{number}-{at}",
            "contextLength": 8192,
            "ttlMs": 3_600_000,
            "lastUsedTime": 1_790_000_000_000 + at,
            "status": "idle",
            "queued": 0,
            "memoryBytes": 4 * GB,
            "gpuMemory": [{"gpuId": "CUDA0", "memoryBytes": 4 * GB}],
            "pinned": False,
            "jit": True,
            "runtime": "llama.cpp",
        }
        for at in range(EACH)
    ]
    gpu = {"gpuId": "CUDA0", "name": "GPU", "totalBytes": 48 * GB, "availableBytes": 2 * GB}
    memory = {"totalBytes": 64 * GB, "availableBytes": 9 * GB, "gpus": [gpu]}
    now = round(time.time() * 1000)
    return {"now": now, "instances": instances, "loads": [], "memory": memory}


def a_place(number: int, told: dict[str, Any]) -> Place:
    """Return a device where a model of 8 GB fits once two others have left."""
    estimate = {
        "memory": {"totalBytes": 9 * GB, "totalVramBytes": 8 * GB},
        "passesGuardrails": False,
    }
    return place(f"d{number}", f"device {number}", told, estimate)


def best(work: Callable[[], object], times: int = 7) -> float:
    """Return the seconds that something takes at best: others use this machine, too."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


if __name__ == "__main__":
    raise SystemExit(bool(show(figures())))
