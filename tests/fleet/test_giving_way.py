"""What gives way on a device is held, and told, through the gateway."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.system import _System
from lms_jupyter.engine.fleet.telling import Telling
from lms_jupyter.engine.routes.handshake import Caller

from .conftest import all_connected, asking, begun, loaded, until, with_token, written

pytestmark = pytest.mark.asyncio


class Device:
    """As much of a device as has instances."""

    def __init__(self, *references: str, is_lost: bool = False) -> None:
        self._references = references
        self._is_lost = is_lost
        self.asked: list[Any] = []

    def with_reference(self, reference: str) -> object | None:
        return {} if reference in self._references else None

    async def call(self, namespace: str, endpoint: str, parameter: Any) -> None:
        self.asked.append((namespace, endpoint, parameter))
        if self._is_lost:
            raise EngineError("The device is gone.")


async def test_what_a_cell_uses_is_held_where_it_is() -> None:
    here: list[Any] = []
    lost, alpha, beta, idle = Device("c", is_lost=True), Device("a", "x"), Device("b"), Device("y")
    gateway = SimpleNamespace(fleet=[lost, alpha, beta, idle])
    asked = {"instanceReferences": ["own", "a", "b", "c"], "forMs": 30_000}

    telling = Telling(gateway.fleet)

    await _System(gateway, telling).hold(  # type: ignore[arg-type]
        lambda _caller, parameter: here.append(parameter), Caller("", ""), asked
    )

    assert here == [asked]
    held = [("system", "holdInstances", {**asked, "instanceReferences": [one]}) for one in "ab"]
    assert [*alpha.asked, *beta.asked] == held
    assert idle.asked == []


async def test_what_has_left_is_told_with_the_time_of_the_gateway(tmp_path: Path) -> None:
    # More than any machine has is to stay free.
    node = with_token(tmp_path / "alpha", "--give-way", "1000000")
    gateway = begun(
        tmp_path / "gateway",
        "--no-default-models",
        "--fleet",
        str(written(tmp_path, {"alpha": node})),
    )
    try:
        await until(gateway, all_connected)
        async with asking(gateway, "llm") as llm:
            info = await loaded(llm, identifier="short", deviceIdentifier="alpha")
        told = await until(gateway, lambda activity: activity["gaveWay"])
        (gave,) = told["gaveWay"]
        async with asking(gateway, "system") as raw:
            departure = await raw.call("getDeparture", instanceReference=info["instanceReference"])
            assert await raw.call("forgetPrompts") is None
    finally:
        gateway.stop()
        node.stop()

    assert (gave["identifier"], gave["instanceReference"]) == ("short", info["instanceReference"])
    assert gave["memoryBytes"] > 0
    assert departure["why"] == "gave way"
