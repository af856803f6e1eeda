"""The longest context that `max` finds is the longest whose load really keeps to the room."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import lmstudio
import pytest
import pytest_asyncio

from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.manager import Manager
from lms_jupyter.manager.fitting_in import CELLS
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import LoadConfig
from tests.engine.synthetic import Shape, write_llm
from tests.engines import engine

SHAPE = Shape(layers=4, width=512, heads=8, kv_heads=8, feed_forward=512, context=65_536)
"""8 KB of cache for each token."""
ROOM_BYTES = 200_000_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("fit")
    write_llm(home / "models" / "tests" / "Fit-GGUF" / "Fit-F16.gguf", shape=SHAPE, name="Fit")
    with engine(home, "--models", str(home / "models"), "--guardrail", "off") as address:
        yield address


@pytest_asyncio.fixture
async def manager(address: str) -> AsyncIterator[Manager]:
    async def find(_named: str) -> Found:
        return Found(host=SdkHost(address), why="made for this test")

    manager = Manager(find)
    await connect(manager)
    yield manager
    await manager.close()


@pytest.mark.asyncio
@pytest.mark.timeout(180)
async def test_max_is_within_three_percent_of_what_bisection_finds(
    manager: Manager, address: str
) -> None:
    memory = (await manager.connected_host.poll()).memory
    assert memory is not None
    leave = memory.available_bytes - ROOM_BYTES
    result = await carry_out(LoadRequest(model_key="fit", fit=f"leave={leave}B"), manager)
    await manager.connected_host.unload(result.instance)

    assert result.fitted is not None
    room = result.fitted.room.main_bytes
    assert room is not None
    found = result.fitted.context_length
    low, high = 3 * found // 4, 5 * found // 4
    while high - low > CELLS:
        middle = (low + high) // 2
        if await held_bytes(manager, address, middle) <= room:
            low = middle
        else:
            high = middle
    assert found == pytest.approx(low, rel=0.03)


async def held_bytes(manager: Manager, address: str, context_length: int) -> int:
    """Load with this context, let it read a whole batch, unload; return what it has held."""
    host = manager.connected_host
    request = LoadRequest(model_key="fit", config=LoadConfig(context_length=context_length))
    instance = (await carry_out(request, manager)).instance
    await asyncio.to_thread(read, address, instance.identifier)
    (row,) = (await host.poll()).instances
    await host.unload(instance)
    assert row.context_length == pytest.approx(context_length, abs=CELLS)
    assert row.memory_bytes is not None
    return row.memory_bytes


def read(address: str, identifier: str) -> None:
    """Have an instance read a long prompt."""
    with lmstudio.Client(address) as client:
        client.llm.model(identifier).complete("word " * 120, config={"maxTokens": 1})
