"""The lease of a real kernel of a real Jupyter Server: shut down, restarted, killed."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import psutil

from lms_jupyter.manager.identity import Identity, this_kernel
from lms_jupyter.server.kernels import Kernels

WAIT_S = 20.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.02)


async def identity_of(manager: Any, kernel_id: str) -> Identity:
    """Return what a kernel says of itself, from its own command line."""
    pid = manager.get_kernel(kernel_id).provisioner.pid
    told = this_kernel(psutil.Process(pid).cmdline(), {})
    return Identity(kernel_id=told.kernel_id, pid=pid, machine=told.machine)


async def test_a_kernel_holds_through_a_restart_and_after_a_kill_until_it_is_shut_down(
    jp_serverapp: Any,
) -> None:
    manager = jp_serverapp.kernel_manager
    kernels = Kernels(manager)
    kernel_id = await manager.start_kernel()
    holder = await identity_of(manager, kernel_id)
    assert holder.kernel_id == kernel_id
    assert kernels.holds(holder)

    await manager.restart_kernel(kernel_id)
    assert kernels.holds(holder)
    assert kernels.pid(holder) != holder.pid

    before = kernels.pid(holder)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: kernels.pid(holder) not in {None, before})
    assert kernels.holds(holder)

    await until(manager.get_kernel(kernel_id).ready.done)
    await manager.shutdown_kernel(kernel_id, now=True)
    assert not kernels.holds(holder)
    assert kernels.pid(holder) is None


async def test_a_kernel_of_nobody_holds_until_it_is_killed(jp_serverapp: Any) -> None:
    kernels = Kernels(jp_serverapp.kernel_manager)
    process = await asyncio.create_subprocess_exec("sleep", "60")
    holder = Identity(kernel_id="alone", pid=process.pid, machine=os.uname().nodename)
    assert kernels.holds(holder)

    process.kill()
    await process.wait()

    assert not kernels.holds(holder)
