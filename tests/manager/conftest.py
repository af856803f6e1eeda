from collections.abc import AsyncIterator

import pytest_asyncio

from lms_jupyter.hosts.base import Found, Host
from lms_jupyter.manager import Manager
from lms_jupyter.manager.watch import connect
from tests.hosts.fake import FEATURES, FakeHost, fake_model


@pytest_asyncio.fixture
async def host() -> FakeHost:
    embed = fake_model("nomic-embed", kind="embedding", max_context_length=2048)
    variants = ("qwen/qwen3-4b@q4_k_m", "qwen/qwen3-4b@q8_0")
    return FakeHost(fake_model(variants=variants), embed, features=FEATURES)


@pytest_asyncio.fixture
async def manager(host: Host) -> AsyncIterator[Manager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    yield manager
    await manager.close()
