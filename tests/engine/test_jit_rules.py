"""What is loaded just in time stays as long as the user's rules say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from .conftest import EngineProcess, start_engine
from .raw import introduced

RULES = """
[[rule]]
kind = "embedding"
pin = true

[[rule]]
model = "tiny-*"
ttl = "20m"
keep = "until 2999-01-01 00:00"

[[rule]]
model = "big-llm"
keep = "while-open"
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules") / "rules.toml"


@pytest.fixture(scope="module")
def engine(models: Path, rules: Path) -> Iterator[EngineProcess]:
    options = ("--rules", str(rules), "--no-auto-evict")
    running = start_engine(models, rules.with_name("log"), *options)
    yield running
    running.stop()


async def used(engine: EngineProcess, model: str) -> dict[str, Any]:
    """Have a model loaded by using it over HTTP; return what is told of it, and end it."""
    path, body = "chat/completions", {"messages": [{"role": "user", "content": "x"}]}
    if "embed" in model:
        path, body = "embeddings", {"input": "x"}  # type: ignore[dict-item]
    asked = {"model": model, "max_tokens": 1, **body}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{engine.address}/v1/{path}", json=asked) as answer,
    ):
        assert answer.status == 200, await answer.text()
    async with introduced(engine.address, "system") as system:
        (one,) = (await system.call("getActivity"))["instances"]
    async with introduced(engine.address, one["type"]) as space:
        await space.call("unloadModel", identifier=one["identifier"])
    told: dict[str, Any] = one
    return told


@pytest.mark.asyncio
async def test_the_first_rule_that_fits_says_how_long(engine: EngineProcess, rules: Path) -> None:
    rules.write_text(RULES)

    embedding = await used(engine, "tiny-embed")
    assert (embedding["pinned"], embedding["ttlMs"]) == (True, 3_600_000)

    tiny = await used(engine, "tiny-llm")
    assert (tiny["pinned"], tiny["ttlMs"]) == (False, 1_200_000)
    assert tiny["keep"]["type"] == "until"
    assert tiny["keep"]["at"] > 1000 * time.time()

    # Nobody who asks over HTTP has a notebook that could be open.
    big = await used(engine, "big-llm")
    assert (big["keep"], big["ttlMs"]) == (None, 3_600_000)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text",
    ["[[rule]", '[[rule]]\nttl = "soon"', "[rules]", '[[rule]]\nkeep = "until 2001-01-01 00:00"'],
)
async def test_rules_that_make_no_sense_are_said_and_not_followed(
    engine: EngineProcess, rules: Path, text: str
) -> None:
    rules.write_text(text)
    already = engine.log.read_text().count("None of them is followed.")

    tiny = await used(engine, "tiny-llm")

    assert (tiny["pinned"], tiny["keep"], tiny["ttlMs"]) == (False, None, 3_600_000)
    assert engine.log.read_text().count("None of them is followed.") == already + 1


@pytest.mark.asyncio
async def test_what_a_client_names_counts_more(engine: EngineProcess, rules: Path) -> None:
    rules.write_text(RULES)
    async with introduced(engine.address, "llm") as llm:
        channel = await llm.open(
            "getOrLoad", identifier="tiny-llm", loadTtlMs=90_000, loadConfigStack={"layers": []}
        )
        await llm.packet(channel, "loadSuccess")
        await llm.end(channel)
    tiny = await used(engine, "tiny-llm")

    assert (tiny["ttlMs"], tiny["keep"]) == (90_000, None)
