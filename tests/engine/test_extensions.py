"""What the engine offers beyond LM Studio: activity, TTL, pins, cancelling others' loads."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import lmstudio
import psutil
import pytest

from tests.waiting import PATIENCE_S

from .conftest import BIG, EngineProcess
from .raw import Raw, introduced

NEVER_END = [[BIG.vocabulary - place, "-inf"] for place in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _clean(client: lmstudio.Client) -> None:
    """Leave nothing loaded for the next test, also after a failure."""
    assert client.llm.list_loaded() == []


async def _load(llm: Raw, **parameter: Any) -> dict[str, Any]:
    channel = await llm.open("loadModel", **({"modelKey": "tiny-llm"} | parameter))
    info = (await llm.packet(channel, "success"))["info"]
    assert (await llm.read())["type"] == "channelClose"
    return dict(info)


async def _unload(llm: Raw, identifier: str) -> None:
    assert await llm.call("unloadModel", identifier=identifier) is None


TTL_MS = 1500
"""Longer than it takes to look whether it is kept."""


@pytest.mark.asyncio
async def test_activity_tells_all_about_instances_and_memory(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        info = await _load(llm, identifier="seen", ttlMs=60_000, owner="a test")
        before = time.time()
        activity = await system.call("getActivity")
        after = time.time()
        await _unload(llm, "seen")
    assert activity["type"] == "activity"
    assert before - 0.01 <= activity["now"] / 1000 <= after + 0.01
    (instance,) = activity["instances"]
    assert info.items() <= instance.items()
    assert (instance["status"], instance["queued"], instance["owner"]) == ("idle", 0, "a test")
    assert (instance["pinned"], instance["jit"]) == (False, False)
    assert instance["memoryBytes"] > 10_000_000
    assert 0 < activity["memory"]["availableBytes"] < activity["memory"]["totalBytes"]
    assert activity["loads"] == []


@pytest.mark.asyncio
async def test_watching_shows_a_load_of_somebody_else_from_beginning_to_end(
    engine: EngineProcess,
) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system", clientIdentifier="lms-cli-remote-x") as system,
    ):
        watching = await system.open("watchActivity")
        first = await system.packet(watching, "activity")
        assert first["instances"] == first["loads"] == []
        await asyncio.sleep(0.15)  # after a quiet tenth of a second, a change is told at once
        loading = await llm.open(
            "loadModel", modelKey="big-llm", identifier="watched", loadId="mine", owner="me"
        )
        seen = [await system.packet(watching, "activity")]
        while not seen[-1]["instances"]:
            seen.append(await system.packet(watching, "activity"))
        load = seen[0]["loads"][0]
        assert (load["loadId"], load["identifier"], load["owner"]) == ("mine", "watched", "me")
        assert (load["modelKey"], load["type"]) == ("big-llm", "llm")
        assert load["sizeBytes"] > 50_000_000
        await llm.end(loading)
        await _unload(llm, "watched")
        while seen[-1]["instances"]:
            seen.append(await system.packet(watching, "activity"))
        await system.say(watching, "stop")
        _, last = await system.end(watching)
        assert last["type"] == "channelClose"


@pytest.mark.asyncio
async def test_packets_come_at_most_ten_times_a_second(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        await _load(llm, identifier="busy")
        watching = await system.open("watchActivity")
        await system.packet(watching, "activity")
        specifier = {"type": "query", "query": {"identifier": "busy"}}
        began, calls = time.monotonic(), 0
        while calls < 20 or time.monotonic() < began + 0.6:
            await llm.call("tokenize", specifier=specifier, inputString="hello")
            calls += 1
        await system.say(watching, "stop")
        packets, last = await system.end(watching)
        assert 2 <= len(packets) <= 2 + 10 * (time.monotonic() - began)
        assert len(packets) < calls
        assert last["type"] == "channelClose"
        await _unload(llm, "busy")


@pytest.mark.asyncio
async def test_somebody_elses_load_can_be_cancelled_and_its_process_is_gone(
    engine: EngineProcess,
) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        loading = await llm.open("loadModel", modelKey="big-llm", loadId="doomed")
        assert (await llm.packet(loading, "progress"))["progress"] < 1
        before = {child.pid for child in engine.children}
        assert await system.call("cancelLoad", loadId="doomed") is None
        packets, last = await llm.end(loading)
        assert last["type"] == "channelError"
        assert "Load cancelled" in last["error"]["title"]
        assert all(packet["type"] != "success" for packet in packets)
        left = {child.pid for child in engine.children if child.status() != psutil.STATUS_ZOMBIE}
        assert len(before - left) <= 1
        assert await llm.call("listLoaded") == []
        answer = await system.call("cancelLoad", loadId="doomed")
        assert answer["type"] == "rpcError"


@pytest.mark.asyncio
async def test_why_an_instance_went_is_told_to_who_asks(engine: EngineProcess) -> None:
    told = {}
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        ways: dict[str, dict[str, Any]] = {
            "by somebody": {},
            "with a reason": {"why": "reloading", "owner": "lesson.ipynb"},
            "by its TTL": {},
            "by a signal": {},
        }
        for way, said in ways.items():
            ttl = {"ttlMs": 50} if way == "by its TTL" else {}
            before = {child.pid for child in engine.children}
            info = await _load(llm, identifier="gone", **ttl)
            if way == "by a signal":
                for child in engine.children:
                    if child.pid in before:
                        child.kill()
            elif way != "by its TTL":
                assert await llm.call("unloadModel", identifier="gone", **said) is None
            while await llm.call("listLoaded"):
                pass
            reference = info["instanceReference"]
            told[way] = await system.call("getDeparture", instanceReference=reference)
        there = await _load(llm, identifier="there")
        reference = there["instanceReference"]
        assert await system.call("getDeparture", instanceReference=reference) == {"why": "unknown"}
        answer = await llm.call("unloadModel", identifier="there", why="a whim")
        assert answer["type"] == "rpcError"
        await _unload(llm, "there")

    whys = {way: (one["why"], one.get("by")) for way, one in told.items()}
    assert whys == {
        "by somebody": ("unloaded", None),
        "with a reason": ("reloading", "lesson.ipynb"),
        "by its TTL": ("expired", None),
        "by a signal": ("crashed", None),
    }
    assert all(abs(one["at"] / 1000 - time.time()) < 60 for one in told.values())


@pytest.mark.asyncio
async def test_a_load_is_cancelled_on_its_own_channel(engine: EngineProcess) -> None:
    async with introduced(engine.address, "llm") as llm:
        for endpoint, key in (("loadModel", "modelKey"), ("getOrLoad", "identifier")):
            loading = await llm.open(endpoint, **{key: "big-llm"})
            await llm.say(loading, "cancel")
            packets, last = await llm.end(loading)
            assert last["type"] == "channelError"
            assert "cancelled" in last["error"]["title"]
            assert not any("uccess" in packet["type"] for packet in packets)
            assert await llm.call("listLoaded") == []


@pytest.mark.asyncio
async def test_a_ttl_can_be_changed_and_made_to_start_again(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        info = await _load(llm, identifier="brief")
        assert info["ttlMs"] is None
        answer = await system.call("setInstanceTtl", identifier="brief", ttlMs=60_000)
        assert answer is None
        (kept,) = await llm.call("listLoaded")
        assert (kept["ttlMs"], kept["lastUsedTime"]) == (60_000, info["lastUsedTime"])
        await system.call("setInstanceTtl", identifier="brief", ttlMs=None)
        await system.call("setInstanceTtl", identifier="brief", ttlMs=TTL_MS, restart=True)
        (kept,) = await llm.call("listLoaded")
        assert kept["lastUsedTime"] > info["lastUsedTime"]
        while await llm.call("listLoaded"):
            assert time.time() < kept["lastUsedTime"] / 1000 + PATIENCE_S
        assert time.time() > (kept["lastUsedTime"] + TTL_MS) / 1000 - 0.01


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("endpoint", "parameter"),
    [
        ("setInstanceTtl", {"identifier": "x"}),
        ("setInstanceTtl", {"identifier": "x", "ttlMs": 0}),
        ("setInstanceTtl", {"identifier": "nobody", "ttlMs": 5}),
        ("setInstanceTtl", {"identifier": 7, "ttlMs": 5}),
        ("pinInstance", {"identifier": "nobody", "pinned": True}),
        ("pinInstance", {"identifier": "nobody", "pinned": "yes"}),
        ("setInstanceKeep", {"identifier": "nobody", "keep": None}),
        ("setInstanceKeep", {"identifier": "nobody"}),
        ("setInstanceKeep", {"identifier": "nobody", "keep": {"type": "forever"}}),
        ("setInstanceKeep", {"identifier": "nobody", "keep": {"type": "until", "at": 5}}),
        ("setInstanceKeep", {"identifier": "nobody", "keep": {"type": "until", "at": "six"}}),
        ("holdInstances", {"instanceReferences": "all", "forMs": 5}),
        ("holdInstances", {"instanceReferences": [], "forMs": -5}),
        ("cancelLoad", {"loadId": None}),
    ],
)
async def test_wrong_wishes_are_errors(
    engine: EngineProcess, endpoint: str, parameter: dict[str, Any]
) -> None:
    async with introduced(engine.address, "system") as system:
        assert (await system.call(endpoint, **parameter))["type"] == "rpcError"


@pytest.mark.asyncio
async def test_a_pinned_instance_neither_expires_nor_is_evicted(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
        introduced(engine.address, "embedding") as embedding,
    ):
        channel = await llm.open("getOrLoad", identifier="tiny-llm", loadTtlMs=60_000)
        await llm.end(channel)
        await system.call("pinInstance", identifier="tiny-llm", pinned=True)
        await system.call("setInstanceTtl", identifier="tiny-llm", ttlMs=200)
        other = await embedding.open("getOrLoad", identifier="tiny-embed")
        packets, _ = await embedding.end(other)
        assert "unloadingOtherJITModel" not in [packet["type"] for packet in packets]
        await asyncio.sleep(0.4)
        assert len(await llm.call("listLoaded")) == 1
        await system.call("pinInstance", identifier="tiny-llm", pinned=False)
        while await llm.call("listLoaded"):
            pass
        await _unload(embedding, "tiny-embed")


@pytest.mark.asyncio
async def test_two_clients_that_want_the_same_model_share_one_load(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as one,
        introduced(engine.address, "llm", clientIdentifier="two") as two,
    ):
        channels = [await raw.open("getOrLoad", identifier="big-llm") for raw in (one, two)]
        ends = [await raw.end(channel) for raw, channel in zip((one, two), channels, strict=True)]
        for packets, last in ends:
            assert last["type"] == "channelClose"
            assert packets[-1]["type"] in {"loadSuccess", "alreadyLoaded"}
        references = {packets[-1]["info"]["instanceReference"] for packets, _ in ends}
        assert len(references) == 1
        assert len(await one.call("listLoaded")) == 1
        await _unload(one, "big-llm")


@pytest.mark.asyncio
async def test_a_busy_instance_does_not_expire_and_counts_from_the_end_of_its_work(
    engine: EngineProcess,
) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        await _load(llm, modelKey="big-llm", identifier="worker", ttlMs=60_000)
        specifier = {"type": "query", "query": {"identifier": "worker"}}
        config = {
            "layers": [
                {
                    "layerName": "apiOverride",
                    "config": {
                        "fields": [
                            {
                                "key": "llm.prediction.maxPredictedTokens",
                                "value": {"checked": True, "value": 300},
                            },
                            {"key": "llm.prediction.temperature", "value": 0},
                            {"key": "llm.prediction.llama.logitBias", "value": NEVER_END},
                        ]
                    },
                }
            ]
        }
        text = {"role": "user", "content": [{"type": "text", "text": "go on"}]}
        channel = await llm.open(
            "predict",
            modelSpecifier=specifier,
            history={"messages": [text]},
            predictionConfigStack=config,
        )
        began = time.time()
        await system.call("setInstanceTtl", identifier="worker", ttlMs=300)
        watching = await system.open("watchActivity")
        packets, last = await llm.end(channel)
        ended = time.time()
        assert last["type"] == "channelClose"
        assert packets[-1]["stats"]["stopReason"] == "maxPredictedTokensReached"
        assert ended - began > 0.3, "the work has to be longer than the TTL for this test"
        used = 0.0
        while told := (await system.packet(watching, "activity"))["instances"]:
            used = told[0]["lastUsedTime"] / 1000
        assert time.time() > used + 0.29
        assert used > began + packets[-1]["stats"]["totalTimeSec"] - 0.01


async def _activity(system: Raw, identifier: str) -> dict[str, Any]:
    activity = await system.call("getActivity")
    (found,) = [one for one in activity["instances"] if one["identifier"] == identifier]
    return dict(found)


@pytest.mark.asyncio
async def test_an_instance_keeps_the_owner_who_loaded_it_whoever_uses_it(
    engine: EngineProcess,
) -> None:
    async with (
        introduced(engine.address, "llm", clientIdentifier="one") as one,
        introduced(engine.address, "llm", clientIdentifier="panel:two") as two,
        introduced(engine.address, "system") as system,
        aiohttp.ClientSession(f"http://{engine.address}") as http,
    ):
        await one.end(await one.open("getOrLoad", identifier="tiny-llm", owner="a notebook"))
        assert (await _activity(system, "tiny-llm"))["owner"] == "a notebook"
        await two.end(await two.open("getOrLoad", identifier="tiny-llm", owner="another"))
        body = {"model": "tiny-llm", "prompt": "a", "max_tokens": 1}
        async with http.post("/v1/completions", json=body) as answer:
            assert answer.status == 200
        used = await _activity(system, "tiny-llm")
        assert (used["owner"], used["jit"]) == ("a notebook", True)
        await _unload(one, "tiny-llm")


@pytest.mark.asyncio
async def test_what_rest_loads_just_in_time_has_no_owner(engine: EngineProcess) -> None:
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
        aiohttp.ClientSession(f"http://{engine.address}") as http,
    ):
        body = {"model": "tiny-llm", "prompt": "a", "max_tokens": 1}
        async with http.post("/v1/completions", json=body) as answer:
            assert answer.status == 200
        loaded = await _activity(system, "tiny-llm")
        assert (loaded.get("owner", ""), loaded["jit"]) == ("", True)
        await _unload(llm, "tiny-llm")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("identifier", "owner"), [("panel:x", "panel"), ("lms-cli-remote-x", "lms"), ("guest:x", "")]
)
async def test_a_client_that_names_no_owner_is_known_by_its_kind(
    engine: EngineProcess, identifier: str, owner: str
) -> None:
    async with (
        introduced(engine.address, "llm", clientIdentifier=identifier) as llm,
        introduced(engine.address, "system") as system,
    ):
        await _load(llm, identifier="theirs")
        assert (await _activity(system, "theirs")).get("owner", "") == owner
        await _unload(llm, "theirs")
