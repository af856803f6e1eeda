import asyncio
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.fake import FEATURES, FakeHost, fake_model
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager


@pytest.fixture
def host() -> FakeHost:
    embed = fake_model(
        "nomic-embed",
        kind="embedding",
        size_bytes=84_106_624,
        max_context_length=2048,
        params=None,
        architecture="nomic-bert",
    )
    variants = ("qwen/qwen3-4b@q4_k_m", "qwen/qwen3-4b@q8_0")
    return FakeHost(fake_model(variants=variants), embed, features=FEATURES)


@pytest.fixture
def local(host: FakeHost) -> Iterator[LocalManager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    yield local
    local.close()


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()
    asyncio.set_event_loop(None)


@pytest.fixture
def magics(shell: InteractiveShell, local: LocalManager) -> LmsMagics:
    magics = LmsMagics(shell, local)
    shell.register_magics(magics)
    return magics
