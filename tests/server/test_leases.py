"""A lease from its beginning to its end: a kernel loads, dies, and what it loaded leaves."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest
from traitlets.config import Config

from tests.engines import engine
from tests.server.conftest import MODULE

WAIT_S = 40.0
LOAD = "%load_ext lms_jupyter\n%lms load tutor-1m --ttl none"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with engine(tmp_path / "engine") as address:
        monkeypatch.setenv("LMS_JUPYTER_HOST", address)
        yield address


@pytest.fixture
def jp_server_config() -> Config:
    config = Config({"ServerApp": {"jpserver_extensions": {MODULE: True}}})
    config.LmsExtension.lease_grace_s = 1.0
    return config


def loaded(address: str) -> list[str]:
    with lmstudio.Client(address) as client:
        return [model.identifier for model in client.list_loaded_models()]


async def run(manager: Any, kernel_id: str, code: str) -> None:
    """Run a cell in a kernel and wait until it has ended."""
    client = manager.get_kernel(kernel_id).client()
    client.start_channels()
    try:
        async with asyncio.timeout(WAIT_S):
            await client.wait_for_ready()
            reply = await client.execute(code, reply=True)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()


async def test_what_a_kernel_loaded_leaves_after_it_and_not_before(
    address: str, jp_serverapp: Any
) -> None:
    (app,) = jp_serverapp.extension_manager.extension_apps[MODULE]
    await app._start_jupyter_server_extension(jp_serverapp)
    manager = jp_serverapp.kernel_manager
    kernel_id = await manager.start_kernel()
    await run(manager, kernel_id, LOAD)
    await asyncio.sleep(2.0)  # twice the grace: nothing may happen while the kernel lives
    assert await asyncio.to_thread(loaded, address) == ["tutor-1m"]

    await manager.shutdown_kernel(kernel_id, now=True)

    async with asyncio.timeout(WAIT_S):
        while await asyncio.to_thread(loaded, address):  # noqa: ASYNC110 - a host that is asked
            await asyncio.sleep(0.1)
