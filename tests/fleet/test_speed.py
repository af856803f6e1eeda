"""A gateway takes nothing of a device's speed that anybody would feel."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Started, all_connected, asking, begun, until
from .paced import paced, seconds

TOKENS, ROUNDS, FIRST_ROUNDS = 200, 3, 20
ADDED_S, LEAST = 0.005, 0.97


@pytest.mark.alone
@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_first_token_and_speed_are_those_of_the_device(tmp_path: Path) -> None:
    async with paced() as address:
        fleet = tmp_path / "fleet.toml"
        fleet.write_text(f'[devices.paced]\naddress = "{address}"\n')
        gateway = begun(tmp_path / "home", "--no-default-models", "--fleet", str(fleet))
        try:
            await until(gateway, lambda told: all_connected(told) and told["instances"])
            device = Started(gateway.process, address)
            async with asking(gateway, "llm") as through, asking(device, "llm") as direct:
                ways = (through, direct)
                firsts = [[await seconds(one, 1) for one in ways] for _ in range(FIRST_ROUNDS)]
                whole = [[await seconds(one, TOKENS) for one in ways] for _ in range(ROUNDS)]
        finally:
            gateway.stop()

    first, first_directly = map(min, zip(*firsts, strict=True))
    took, took_directly = map(min, zip(*whole, strict=True))
    assert first - first_directly <= ADDED_S
    assert took_directly / took >= LEAST
