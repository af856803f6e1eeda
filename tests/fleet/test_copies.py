"""A device without the file gets it from one that has it, or from the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from .conftest import (
    CHAT,
    CONFIG,
    Started,
    all_connected,
    asking,
    begun,
    said,
    until,
    with_token,
    written,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """An engine without a model."""
    home = tmp_path_factory.mktemp("bare") / "bare"
    started = with_token(home, "--no-default-models", "--downloads", str(home / "models"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """An engine without a model that can write none either."""
    home = tmp_path_factory.mktemp("closed") / "closed"
    started = with_token(home, "--no-default-models", "--downloads", "/proc/models")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def mixed(
    devices: dict[str, Started],
    bare: Started,
    closed: Started,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Started]:
    """A gateway whose devices have the models, or not."""
    folder = tmp_path_factory.mktemp("mixed")
    fleet = written(folder, {"alpha": devices["alpha"], "closed": closed, "bare": bare})
    text = fleet.read_text()
    for name in ("closed", "bare"):
        text = text.replace(f"[devices.{name}]\n", f'[devices.{name}]\nlabels.zone = "lab"\n')
    fleet.write_text(text)
    started = begun(folder / "home", "--no-default-models", "--fleet", str(fleet))
    yield started
    started.stop()


async def ended(gateway: Started, name: str, **asked: Any) -> tuple[list[Any], Any]:
    async with asking(gateway, "llm") as raw:
        channel = await raw.open("loadModel", modelKey=name, loadConfigStack=CONFIG, **asked)
        packets, end = await raw.end(channel)
        for info in await raw.call("listLoaded"):
            where = {"deviceIdentifier": info["deviceIdentifier"]}
            await raw.call("unloadModel", identifier=info["identifier"], **where)
    return packets, end


async def test_a_load_brings_the_file_to_the_device_that_is_named(
    mixed: Started,
) -> None:
    await until(mixed, all_connected)
    async with asking(mixed, "llm") as raw:
        asked = {"modelKey": f"{CHAT}@q8_0", "loadConfigStack": CONFIG}
        estimate = await raw.call("estimateModelUsage", **asked, deviceIdentifier="bare")
        channel = await raw.open(
            "loadModel",
            modelKey=f"{CHAT}@q8_0",
            loadConfigStack=CONFIG,
            deviceIdentifier="bare",
            identifier="brought",
        )
        packets, end = await raw.end(channel)
        assert end["type"] == "channelClose", end
        assert estimate["memory"]["totalBytes"] > 10**6
        assert estimate["passesGuardrails"] is True
        progress = [one["progress"] for one in packets if one["type"] == "progress"]
        assert progress == sorted(progress)
        assert packets[-1]["info"]["deviceIdentifier"] == "bare"
        assert (await said(raw, "brought"))[-1]["type"] == "success"
        await raw.call("unloadModel", identifier="brought", deviceIdentifier="bare")


async def test_a_device_that_cannot_write_says_so_and_the_load_goes_elsewhere(
    mixed: Started,
) -> None:
    await until(mixed, all_connected)
    _, end = await ended(mixed, CHAT, deviceIdentifier="closed")
    assert end["error"]["errorData"] == {"code": "copy_failed"}
    assert end["error"]["title"].startswith(f"'{CHAT}' could not be copied to 'closed': ")
    assert "cannot be written" in end["error"]["title"]

    _, end = await ended(mixed, CHAT, where="device=closed")
    assert end["error"]["errorData"] == {"code": "no_device_has_room"}
    assert "Not copied to closed: " in end["error"]["title"]


async def test_nobody_fetches_without_the_ticket(devices: dict[str, Started]) -> None:
    async with asking(devices["alpha"], "system") as raw:
        offer = await raw.call("offerModel", modelKey=CHAT)
    async with aiohttp.ClientSession() as session:
        place = f"http://{devices['alpha'].address}/lms-files"
        right = await session.get(f"{place}/{offer['ticket']}/0")
        assert len(await right.read()) == offer["files"][0]["sizeBytes"]
        wrong = await session.get(f"{place}/{offer['ticket'][:-1]}/0")
        assert wrong.status == 404


async def test_the_gateways_own_files_are_copied_too(bare: Started, tmp_path: Path) -> None:
    fleet = written(tmp_path, {"bare": bare})
    gateway = begun(tmp_path / "home", "--fleet", str(fleet))
    try:
        await until(gateway, all_connected)
        async with asking(gateway, "embedding") as raw:
            channel = await raw.open(
                "loadModel",
                modelKey="text-embedding-tutor-embed",
                loadConfigStack={"layers": []},
                deviceIdentifier="bare",
            )
            packets, end = await raw.end(channel)
            assert end["type"] == "channelClose", end
            name = packets[-1]["info"]["identifier"]
            await raw.call("unloadModel", identifier=name, deviceIdentifier="bare")
    finally:
        gateway.stop()


async def test_a_load_that_names_no_device_may_go_where_the_file_has_to_be_brought(
    mixed: Started,
) -> None:
    await until(mixed, all_connected)
    packets, end = await ended(mixed, f"{CHAT}@f16", where="zone=lab")
    assert end["type"] == "channelClose", end
    assert packets[-1]["info"]["deviceIdentifier"] == "bare"
