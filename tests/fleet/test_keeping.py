"""What was promised to stay is known in time, without engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet import keeping
from lms_jupyter.engine.fleet.keeping import Keeper

LOADED: dict[str, Any] = {
    "instanceReference": "1",
    "identifier": "kept",
    "modelKey": "acme/small",
    "type": "llm",
    "pinned": False,
}


@dataclass
class Device:
    """Answers until it goes away."""

    device: str
    name: str
    is_connected: bool = True
    instances: tuple[dict[str, Any], ...] = ()
    loads: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, _domain: str, endpoint: str, _asked: object) -> dict[str, Any]:
        if not self.is_connected:
            raise EngineError(f"{self.name} is away.")
        return {"fields": [{"key": endpoint, "value": 1}]}


@dataclass
class Fleet:
    """Tells of devices."""

    devices: list[Device]
    look: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[Device]:
        return iter(self.devices)

    def listen(self, look: Callable[[], None]) -> Callable[[], None]:
        self.look = look
        return lambda: None

    def is_connected(self, name: str) -> bool:
        return any(one.is_connected for one in self.devices if one.device == name)

    def all_called(self, _identifier: str, _device: None) -> list[tuple[Device, object]]:
        return []


@dataclass
class Placing:
    """Places everything on one device."""

    place: Device

    async def device(self, _order: object, *, but: object) -> Device:
        assert but == []
        return self.place


@pytest.mark.asyncio
async def test_what_is_pinned_just_before_its_device_goes_away_comes_up_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alpha = Device("a1", "alpha", instances=(LOADED,))
    beta = Device("b1", "beta")
    fleet = Fleet([alpha, beta])
    came = asyncio.Event()

    async def load(device: Device, kept: Any) -> None:
        device.loads.append({**kept.info, "stack": kept.stack})
        came.set()

    monkeypatch.setattr(keeping, "_load", load)
    gateway = cast("Any", type("Gateway", (), {"fleet": fleet, "name": "here"})())
    keeper = Keeper(gateway, cast("Any", {"llm": Placing(beta)}), grace_s=0)
    async with keeper.keeping():
        fleet.look()
        await asyncio.gather(*keeper._tasks.values())
        # Pinned, told, and gone before anything more could be asked of it.
        alpha.instances = ({**LOADED, "pinned": True},)
        fleet.look()
        alpha.is_connected, alpha.instances = False, ()
        fleet.look()
        async with asyncio.timeout(10):
            await came.wait()

    (restored,) = beta.loads
    assert restored["pinned"] is True
    (layer,) = restored["stack"]["layers"]
    assert layer["config"]["fields"][0]["key"] == "getLoadConfig"


@pytest.mark.asyncio
async def test_what_nobody_has_pinned_stays_away_with_its_device() -> None:
    alpha = Device("a1", "alpha", instances=(LOADED,))
    fleet = Fleet([alpha])
    gateway = cast("Any", type("Gateway", (), {"fleet": fleet, "name": "here"})())
    keeper = Keeper(gateway, {}, grace_s=0)
    async with keeper.keeping():
        fleet.look()
        await asyncio.gather(*keeper._tasks.values())
        alpha.is_connected, alpha.instances = False, ()
        fleet.look()

        assert keeper._tasks == {}
        assert keeper._kept == {}
