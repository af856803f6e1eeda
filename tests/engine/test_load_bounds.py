"""Load settings at the edges of what llama.cpp takes: it works, or is refused before it starts."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from lms_jupyter.engine.worker.load_settings import (
    MAX_DRAFT_TOKENS,
    MAX_SESSIONS,
    MAX_THREADS,
    LoadSettings,
)

from .conftest import EngineProcess
from .raw import introduced

LLAMA = "llm.load.llama"
DRAFT = f"{LLAMA}.speculativeDecoding"
SESSIONS = "llm.load.numParallelSessions"
CONTEXT = "llm.load.contextLength"
WORDS = 40


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "became"),
    [
        ({f"{LLAMA}.evalBatchSize": 1}, {f"{LLAMA}.evalBatchSize": 4}),
        ({f"{LLAMA}.evalBatchSize": 3, f"{LLAMA}.physicalBatchSize": 1}, {}),
        ({f"{LLAMA}.evalBatchSize": 2**31 - 1}, {f"{LLAMA}.evalBatchSize": 2048}),
        ({f"{LLAMA}.evalBatchSize": 1, SESSIONS: 1}, {f"{LLAMA}.evalBatchSize": 2}),
        ({SESSIONS: 200}, {f"{LLAMA}.evalBatchSize": 200}),
        ({SESSIONS: MAX_SESSIONS}, {f"{LLAMA}.evalBatchSize": MAX_SESSIONS}),
        ({SESSIONS: 200, CONTEXT: 1}, {CONTEXT: 256}),
        ({CONTEXT: 1}, {CONTEXT: 256}),
        ({CONTEXT: 1, f"{LLAMA}.evalBatchSize": 1}, {f"{LLAMA}.evalBatchSize": 4}),
        ({f"{LLAMA}.cpuThreadPoolSize": 1024}, {f"{LLAMA}.cpuThreadPoolSize": MAX_THREADS}),
        (
            {f"{DRAFT}.draftModel": "tiny-llm", f"{LLAMA}.evalBatchSize": 4},
            {f"{LLAMA}.evalBatchSize": 16},
        ),
        (
            {f"{DRAFT}.draftModel": "tiny-llm", f"{DRAFT}.draftMaxTokens": 200, CONTEXT: 2048},
            {f"{LLAMA}.evalBatchSize": 804},
        ),
        (
            {f"{DRAFT}.draftModel": "tiny-llm", f"{DRAFT}.draftMaxTokens": 2**31 - 1},
            {f"{DRAFT}.draftMaxTokens": 511},
        ),
        ({f"{DRAFT}.draftModel": "tiny-llm", f"{DRAFT}.draftMaxTokens": 0}, {}),
    ],
)
async def test_a_model_at_the_edge_answers_all_its_sessions(
    engine: EngineProcess, settings: dict[str, Any], became: dict[str, Any]
) -> None:
    fields = [{"key": key, "value": value} for key, value in settings.items()]
    stack = {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}
    which = {"type": "query", "query": {"identifier": "edge"}}
    async with introduced(engine.address, "llm") as raw:
        loading = await raw.open(
            "loadModel", modelKey="tiny-llm", identifier="edge", loadConfigStack=stack
        )
        _, last = await raw.end(loading)
        assert last["type"] == "channelClose", last

        config = await raw.call("getLoadConfig", specifier=which)
        in_effect = {field["key"]: field["value"] for field in config["fields"]}
        assert {key: in_effect.get(key) for key in became} == became

        sessions = min(20, settings.get(SESSIONS, 4) + 1)
        async with httpx.AsyncClient(base_url=f"http://{engine.address}", timeout=60) as http:
            answers = await asyncio.gather(
                *(
                    http.post(
                        "/v1/completions",
                        json={
                            "model": "edge",
                            "prompt": f"{number} words",
                            "max_tokens": min(WORDS, in_effect[CONTEXT] // 2 // sessions),
                        },
                    )
                    for number in range(sessions)
                )
            )
        assert {answer.status_code for answer in answers} == {200}, answers[0].text
        await raw.call("unloadModel", identifier="edge")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (SESSIONS, MAX_SESSIONS + 1, "257 sessions cannot be had at once: llama.cpp has at most"),
        (SESSIONS, 0, "a whole number from 1"),
        (f"{LLAMA}.evalBatchSize", 0, "a whole number from 1"),
        (f"{LLAMA}.evalBatchSize", -1, "a whole number from 1"),
        (f"{LLAMA}.cpuThreadPoolSize", 0, "a whole number from 1"),
        (f"{LLAMA}.cpuThreadPoolSize", -1, "a whole number from 1"),
        (f"{LLAMA}.cpuThreadPoolSize", 10**9, "a whole number from 1"),
        (f"{LLAMA}.ropeFrequencyBase", {"checked": True, "value": -1}, "a number from 0"),
        (f"{LLAMA}.acceleration.offloadRatio", 1.5, "a number from 0 to 1"),
        (f"{LLAMA}.kCacheQuantizationType", {"checked": True, "value": "q9"}, "one of"),
        (CONTEXT, 10**9, "longer than the maximum"),
    ],
)
async def test_what_cannot_be_had_is_refused_before_anything_starts(
    engine: EngineProcess, key: str, value: object, told: str
) -> None:
    stack = {"layers": [{"config": {"fields": [{"key": key, "value": value}]}}]}
    async with introduced(engine.address, "llm") as raw:
        loading = await raw.open("loadModel", modelKey="tiny-llm", loadConfigStack=stack)
        packets, last = await raw.end(loading)
    assert packets == []
    assert told in last["error"]["title"]


def test_settings_are_settled_once_and_for_all() -> None:
    asked = LoadSettings(
        eval_batch_size=1, num_parallel_sessions=64, draft_model="x", draft_max_tokens=10**6
    )

    settled = asked.settled("llm", 32_768)

    assert settled.settled("llm", 32_768) == settled
    assert settled.draft_max_tokens == 63
    assert settled.eval_batch_size == 64 * 64


def test_drafts_without_room_are_left_out() -> None:
    asked = LoadSettings(context_length=256, num_parallel_sessions=256, draft_model="x")

    settled = asked.settled("llm", 2048)

    assert (settled.draft_model, settled.eval_batch_size) == (None, 256)
    assert MAX_DRAFT_TOKENS > 256
