"""What buttons and devices make us say is what LM Studio's published schemas describe."""

import asyncio
from collections.abc import Iterator

import pytest

from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.link import connect
from lms_jupyter.protocol.commands import (
    Command,
    DownloadModel,
    EstimateLoad,
    FindDownloads,
    Refresh,
    ReloadInstance,
    UnloadInstance,
)
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import LoadConfig
from tests.hosts.strict import StrictHost, strict
from tests.hosts.studio import Studio

KEY = "qwen/qwen3-4b"
LAB = "lab-1"
CONFIG = LoadConfig(context_length=2048, gpu=0.5, flash_attention=True, seed=7)
WRONG = [
    {"endpoint": "unloadModel", "kind": "parameter", "value": {}},
    {"endpoint": "unloadModel", "kind": "parameter", "value": {"identifier": 5}},
    {"endpoint": "unloadModel", "kind": "parameter", "value": {"identifier": "a", "more": 1}},
    {"endpoint": "unloadEverything", "kind": "parameter", "value": {}},
    {"endpoint": "loadModel", "kind": "creation", "value": {"modelKey": KEY}},
    {"endpoint": "predict", "kind": "message", "value": {"type": "stop"}},
]


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio(devices={LAB: "lab"}) as studio:
        yield studio


@pytest.fixture
def host(studio: Studio) -> Iterator[StrictHost]:
    with strict(studio.address) as host:
        yield host


async def carried_out(host: StrictHost, *commands: Command) -> None:
    """Press some buttons, one after the other."""
    manager = Manager(host=host.address)
    try:
        await connect(manager)
        for command in commands:
            await run(command, manager)
    finally:
        await manager.close()


@pytest.mark.parametrize("said", WRONG, ids=lambda said: str(said["value"]))
def test_what_lm_studio_does_not_take_is_found(said: dict[str, object]) -> None:
    host = StrictHost("", passed=[{"namespace": "llm", **said}])

    assert [one["endpoint"] for one in host.wrong()] == [said["endpoint"]]


def test_every_button_says_what_lm_studio_understands(host: StrictHost) -> None:
    load = LoadRequest(model_key=KEY, mode="new", identifier="chat", ttl_s=60, config=CONFIG)
    asyncio.run(
        carried_out(
            host,
            EstimateLoad(model_key=KEY, config=CONFIG),
            load,
            Refresh(),
            ReloadInstance(identifier="chat", ttl_s=300),
            UnloadInstance(identifier="chat"),
            FindDownloads(words="acme/x"),
            DownloadModel(name="acme/x"),
        )
    )

    assert host.wrong() == []
    assert {("llm", "loadModel"), ("llm", "unloadModel"), ("repository", "downloadModel")} <= (
        host.sent()
    )


def test_equal_identifiers_on_two_devices_are_told_apart(host: StrictHost, studio: Studio) -> None:
    here = LoadRequest(model_key=KEY, mode="new", identifier="chat")
    there = LoadRequest(model_key=KEY, mode="new", identifier="chat", device=LAB)
    asyncio.run(carried_out(host, here, there))
    (far,) = [one for one in studio.memory.values() if one["deviceIdentifier"] == LAB]
    asyncio.run(
        carried_out(
            host, UnloadInstance(identifier="chat", instance_reference=far["instanceReference"])
        )
    )

    assert host.wrong() == []
    assert [one["deviceIdentifier"] for one in studio.memory.values()] == [None]
