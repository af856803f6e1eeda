"""A lease from its beginning to its end: a kernel loads, dies, and what it loaded leaves."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest
from jupyter_client.manager import AsyncKernelManager
from msgspec.structs import replace
from traitlets.config import Config

from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import Lease, LeaseBook
from lms_jupyter.server import LmsExtension
from lms_jupyter.server.manager_pool import ManagerPool
from tests.engines import engine
from tests.hosts.fake import FakeHost, fake_model
from tests.server.conftest import MODULE, Door

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


async def until_loaded(address: str, identifiers: list[str]) -> None:
    """Wait until these and no others are in memory."""
    async with asyncio.timeout(WAIT_S):
        while await asyncio.to_thread(loaded, address) != identifiers:  # noqa: ASYNC110 - a host that is asked
            await asyncio.sleep(0.1)


async def run(kernel: Any, code: str) -> None:
    """Run a cell in a kernel and wait until it has ended."""
    client = kernel.client()
    client.start_channels()
    try:
        async with asyncio.timeout(WAIT_S):
            await client.wait_for_ready()
            reply = await client.execute(code, reply=True)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()


async def kernels_of(server: Any) -> Any:
    """Return the kernels of a Jupyter Server whose extension has begun to see to leases."""
    (app,) = server.extension_manager.extension_apps[MODULE]
    await app._start_jupyter_server_extension(server)
    return server.kernel_manager


@contextlib.asynccontextmanager
async def stranger() -> AsyncIterator[AsyncKernelManager]:
    """Run a kernel that no Jupyter Server has started, as those of scripts and editors are."""
    kernel = AsyncKernelManager(kernel_name="python3")
    await kernel.start_kernel()
    try:
        yield kernel
    finally:
        await kernel.shutdown_kernel(now=True)


async def test_what_a_kernel_loaded_leaves_after_it_and_not_before(
    address: str, jp_serverapp: Any
) -> None:
    kernels = await kernels_of(jp_serverapp)
    kernel_id = await kernels.start_kernel()
    await run(kernels.get_kernel(kernel_id), LOAD)
    await asyncio.sleep(2.0)  # twice the grace: nothing may happen while the kernel lives
    assert await asyncio.to_thread(loaded, address) == ["tutor-1m"]

    await kernels.shutdown_kernel(kernel_id, now=True)

    await until_loaded(address, [])


async def test_what_a_killed_kernel_loaded_leaves_too(address: str, jp_serverapp: Any) -> None:
    await kernels_of(jp_serverapp)
    async with stranger() as kernel:
        await run(kernel, LOAD)
        assert await asyncio.to_thread(loaded, address) == ["tutor-1m"]

        os.kill(kernel.provisioner.pid, signal.SIGKILL)
        await kernel.provisioner.wait()

        await until_loaded(address, [])


async def test_what_a_kernel_loaded_survives_its_restart(address: str, jp_serverapp: Any) -> None:
    kernels = await kernels_of(jp_serverapp)
    kernel_id = await kernels.start_kernel()
    await run(kernels.get_kernel(kernel_id), LOAD)

    await kernels.restart_kernel(kernel_id)
    await asyncio.sleep(2.0)  # twice the grace
    assert await asyncio.to_thread(loaded, address) == ["tutor-1m"]
    await run(kernels.get_kernel(kernel_id), LOAD)
    await kernels.shutdown_kernel(kernel_id, now=True)

    await until_loaded(address, [])


async def test_what_another_kernel_uses_stays_when_its_own_has_gone(
    address: str, jp_serverapp: Any
) -> None:
    kernels = await kernels_of(jp_serverapp)
    kernel_id = await kernels.start_kernel()
    await run(kernels.get_kernel(kernel_id), LOAD)
    async with stranger() as kernel:
        await run(kernel, LOAD)

        await kernels.shutdown_kernel(kernel_id, now=True)

        await asyncio.sleep(2.0)  # twice the grace
        assert await asyncio.to_thread(loaded, address) == ["tutor-1m"]


def test_the_grace_is_five_minutes_if_nobody_says_otherwise() -> None:
    assert LmsExtension().lease_grace_s == 300


def claim(host: FakeHost, **changes: Any) -> Lease:
    """Return what a kernel would write down that has loaded the first instance in memory."""
    instance = host.memory[0]
    lease = Lease(
        address=host.info.address,
        instance_reference=instance.instance_reference,
        identifier=instance.identifier,
        model_key=instance.model_key,
        holder=Identity(
            kernel_id="k1", notebook="/a/same.ipynb", pid=os.getpid(), machine=socket.gethostname()
        ),
    )
    return replace(lease, **changes)


async def test_pages_see_whose_an_instance_is(door: Door, host: FakeHost) -> None:
    host.put(fake_model())
    LeaseBook().write(claim(host))

    page = await door.listen()

    await page.sees(lambda a: [i["owner"] for i in a["instances"]] == ["same.ipynb"])


async def test_pages_see_who_else_uses_an_instance_until_that_kernel_is_gone(
    door: Door, host: FakeHost
) -> None:
    host.put(fake_model())
    lease = claim(host)
    LeaseBook().write(lease)
    page = await door.listen()
    await page.send(kind="attend", viewer="tab", visible=True)
    await page.sees(lambda a: [i["owner"] for i in a["instances"]] == ["same.ipynb"])
    async with stranger() as kernel:
        holder = replace(
            lease.holder, kernel_id="k2", notebook="/a/eval.ipynb", pid=kernel.provisioner.pid
        )
        LeaseBook().write(replace(lease, loaded=False, holder=holder))

        await page.sees(lambda a: [i["users"] for i in a["instances"]] == [["eval.ipynb"]])

    await page.sees(lambda a: [i["users"] for i in a["instances"]] == [[]])


async def test_pages_learn_which_kernels_use_what(
    door: Door, host: FakeHost, board: ManagerPool
) -> None:
    reference = host.put(fake_model()).instance_reference
    lease = claim(host)
    user = replace(lease.holder, kernel_id="k2")
    also = replace(lease, loaded=False, holder=user, since=lease.since + 1)
    elsewhere = replace(lease, address="another:1", holder=replace(lease.holder, kernel_id="k3"))
    for one in (lease, also, elsewhere):
        board.leases.write(one)
    page = await door.listen()
    await page.connected()

    told = json.loads((await door.ask("lms/leases", headers=door.key)).body)

    assert [(one["kernel_id"], one["loaded"]) for one in told["leases"]] == [
        ("k1", True),
        ("k2", False),
    ]
    assert {one["instance_reference"] for one in told["leases"]} == {reference}
    assert told["leases"][0]["notebook"] == "/a/same.ipynb"


async def test_who_uses_what_is_asked_without_waking_anybody(
    door: Door, host: FakeHost, board: ManagerPool
) -> None:
    told = json.loads((await door.ask("lms/leases", headers=door.key)).body)

    assert told == {"leases": []}
    assert board.line().running is None
    assert host.looks == 0
