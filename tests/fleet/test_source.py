"""What no device has comes from the source of models, straight to the device that will run it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.flaky_hub import FlakyHub
from tests.engine.synthetic import write_llm

from .conftest import CONFIG, Started, all_connected, asking, begun, until, with_token, written

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

MODEL = "a/tiny-GGUF"


@pytest_asyncio.fixture
async def hub(tmp_path: Path) -> AsyncIterator[FlakyHub]:
    model = write_llm(tmp_path / "source.bin").read_bytes()
    async with FlakyHub({"new-F16.gguf": model}).serve() as serving:
        serving.piece_bytes = 20_000
        yield serving


@pytest.fixture
def gateway(hub: FlakyHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """A gateway and two devices, none of which has a model."""
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    bare = "--no-default-models", "--downloads"
    devices = {
        name: with_token(tmp_path / name, *bare, str(tmp_path / name / "models"))
        for name in ("alpha", "beta")
    }
    home = tmp_path / "home"
    started = begun(home, *bare, str(home / "models"), "--fleet", str(written(tmp_path, devices)))
    yield started
    for one in (started, *devices.values()):
        one.stop()


async def ended(gateway: Started, name: str, **asked: Any) -> tuple[list[Any], Any]:
    await until(gateway, all_connected)
    async with asking(gateway, "llm") as raw:
        channel = await raw.open("loadModel", modelKey=name, loadConfigStack=CONFIG, **asked)
        return await raw.end(channel)


def files(folder: Path) -> list[str]:
    return [file.parent.name for file in folder.glob("*/models/**/*") if file.is_file()]


@pytest.mark.parametrize("asked", [{}, {"deviceIdentifier": "beta"}])
async def test_a_model_that_nobody_has_is_fetched_where_it_will_run(
    gateway: Started, hub: FlakyHub, asked: dict[str, str], tmp_path: Path
) -> None:
    await until(gateway, all_connected)
    hub.before_gate = 50_000
    async with asking(gateway, "llm") as raw:
        channel = await raw.open("loadModel", modelKey=MODEL, loadConfigStack=CONFIG, **asked)
        while not 0 < (await raw.packet(channel, "progress"))["progress"] < 0.9:
            continue
        (seen,) = (await until(gateway, lambda told: told["loads"]))["loads"]
        hub.gate.set()
        packets, end = await raw.end(channel)

    assert end["type"] == "channelClose", end
    assert (seen["modelKey"], 0 < seen["progress"] < 1) == (MODEL, True)
    device = packets[-1]["info"]["deviceIdentifier"]
    assert device in {"alpha", "beta"} & {asked.get("deviceIdentifier", device)}
    assert len(files(tmp_path)) == 1


async def test_a_fetch_that_is_called_off_leaves_nothing(
    gateway: Started, hub: FlakyHub, tmp_path: Path
) -> None:
    await until(gateway, all_connected)
    hub.before_gate = 50_000
    async with asking(gateway, "llm") as raw:
        channel = await raw.open(
            "loadModel", modelKey=MODEL, loadConfigStack=CONFIG, deviceIdentifier="alpha"
        )
        await raw.packet(channel, "progress")
        await raw.say(channel, "cancel")
        _packets, end = await raw.end(channel)

    assert "cancel" in end["error"]["title"]
    assert files(tmp_path) == []


async def test_what_the_source_cannot_give_is_one_sentence(gateway: Started, hub: FlakyHub) -> None:
    _, end = await ended(gateway, "a/nothing")
    assert end["error"]["title"].startswith("No downloaded model has the key or path 'a/nothing'")

    _, end = await ended(gateway, f"{MODEL}@q8_0")
    assert end["error"]["title"] == "a/tiny-GGUF has nothing called 'q8_0'."

    hub.statuses = [403] * 9
    _, end = await ended(gateway, MODEL, deviceIdentifier="beta")
    assert end["error"]["errorData"] == {"code": "copy_failed"}
    assert end["error"]["title"].startswith(f"'{MODEL}' could not be copied to 'beta': ")


async def test_offline_a_load_of_what_nobody_has_is_one_sentence(
    tmp_path: Path, devices: dict[str, Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    file = written(tmp_path, devices)
    gateway = begun(tmp_path / "home", "--no-default-models", "--fleet", str(file))
    try:
        _, end = await ended(gateway, MODEL)
    finally:
        gateway.stop()

    assert "http://127.0.0.1:9" in end["error"]["title"]
