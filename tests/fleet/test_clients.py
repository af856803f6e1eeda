"""LM Studio's JavaScript SDK, whose calls `lms` is made of, on a fleet."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.published import INSTALL_S, node

from .conftest import CHAT, Started, all_connected, until

HANGS_S = 60


@pytest.mark.asyncio
@pytest.mark.timeout(INSTALL_S + HANGS_S)
async def test_the_javascript_sdk_loads_speaks_and_unloads_on_a_device(gateway: Started) -> None:
    await until(gateway, all_connected)

    seen = await asyncio.to_thread(
        node, "fleet_client.mjs", gateway.address, "@lmstudio/sdk", CHAT, "beta"
    )

    assert seen["devices"] == ["alpha", "beta"]
    assert seen["peers"] == [["alpha", "connected"], ["beta", "connected"]]
    assert seen["loaded"] == [["there", "beta"]]
    assert seen["progress"] == sorted(seen["progress"])
    assert seen["result"] == "".join(seen["fragments"]) != ""
    assert seen["spoke"] == "beta"
    assert seen["stopped"] == "userStopped"
    assert seen["preferred"] == "beta"
    assert seen["left"] == []
