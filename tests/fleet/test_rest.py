"""A gateway over HTTP: requests are answered by the device that has the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import openai
import pytest
import pytest_asyncio

from .conftest import (
    CHAT,
    Started,
    all_connected,
    asking,
    begun,
    loaded,
    until,
    with_token,
    written,
)

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client(gateway: Started) -> AsyncIterator[openai.AsyncOpenAI]:
    await until(gateway, all_connected)
    async with openai.AsyncOpenAI(base_url=f"http://{gateway.address}/v1", api_key="any") as one:
        yield one
    async with asking(gateway, "llm") as raw:
        for info in await raw.call("listLoaded"):
            where = {"deviceIdentifier": info["deviceIdentifier"]}
            await raw.call("unloadModel", identifier=info["identifier"], **where)


async def test_a_chat_is_streamed_from_the_device_and_told_whole(
    gateway: Started, client: openai.AsyncOpenAI
) -> None:
    async with asking(gateway, "llm") as raw:
        await loaded(raw, identifier="there", deviceIdentifier="beta")
    asked = {
        "model": "there",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 6,
        "temperature": 0,
    }

    whole = await client.chat.completions.create(**asked)
    pieces = [piece async for piece in await client.chat.completions.create(**asked, stream=True)]

    assert whole.model == "there"
    text = "".join(p.choices[0].delta.content or "" for p in pieces if p.choices)
    assert text == whole.choices[0].message.content != ""


async def test_a_model_that_is_nowhere_loaded_is_loaded_where_its_file_is(
    gateway: Started, client: openai.AsyncOpenAI
) -> None:
    await client.completions.create(model=CHAT, prompt="Hello", max_tokens=2)

    async with asking(gateway, "llm") as raw:
        (one,) = await raw.call("listLoaded")
    assert one["deviceIdentifier"] in {"alpha", "beta"}


async def test_models_of_all_devices_are_listed_once(
    gateway: Started, client: openai.AsyncOpenAI
) -> None:
    names = [model.id async for model in client.models.list()]
    assert names.count(CHAT) == 1

    async with asking(gateway, "llm") as raw:
        for device in ("alpha", "beta"):
            await loaded(raw, identifier="twin", deviceIdentifier=device)
    async with aiohttp.ClientSession() as session:
        url = f"http://{gateway.address}/api/v1/models"
        models = (await (await session.get(url)).json())["models"]
    (one,) = [model for model in models if model["key"] == CHAT]
    assert [instance["id"] for instance in one["loaded_instances"]] == ["twin", "twin"]


async def test_a_model_that_nobody_has_is_refused_as_ever(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="nowhere"):
        await client.completions.create(model="nowhere", prompt="Hello")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[tuple[Started, Started]]:
    """A gateway, and a device that a test may kill."""
    device = with_token(tmp_path / "device")
    fleet = written(tmp_path, {"mortal": device})
    gateway = begun(tmp_path / "gateway", "--no-default-models", "--fleet", str(fleet))
    yield gateway, device
    gateway.stop()
    device.stop()


async def test_a_stream_whose_device_dies_ends_with_a_clear_error(
    mortal: tuple[Started, Started],
) -> None:
    gateway, device = mortal
    await until(gateway, all_connected)
    body = {"model": CHAT, "prompt": "Hello", "max_tokens": 2000, "ignore_eos": True}
    body |= {"stream": True}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{gateway.address}/v1/completions", json=body) as answer,
    ):
        await answer.content.readline()
        device.kill()
        rest = await answer.content.read()

    assert b"went away before it had answered" in rest
