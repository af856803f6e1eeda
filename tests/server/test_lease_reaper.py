"""What a kernel loaded leaves with it: after a grace, and only if nobody else wants it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from lms_jupyter.hosts.base import Found
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import Lease, LeaseBook
from lms_jupyter.protocol.models import Instance, Keep
from lms_jupyter.server.kernels import Kernels
from lms_jupyter.server.lease_reaper import LeaseReaper
from lms_jupyter.server.manager_pool import ManagerPool
from tests.hosts.fake import FakeHost, fake_model

GRACE_S = 300.0


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class FakeKernels(dict[str, "FakeKernel"]):
    """The part of Jupyter Server's kernel manager that is used."""

    def get_kernel(self, kernel_id: str) -> "FakeKernel":
        return self[kernel_id]


class FakeKernel:
    def __init__(self, pid: int, execution_state: str = "idle") -> None:
        self.provisioner = self
        self.pid = pid
        self.execution_state = execution_state


class House:
    """A host, a kernel that has loaded a model there, and a steward."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.host = FakeHost(fake_model(), clock=self.clock)
        self.book = LeaseBook(folder)
        self.kernels = FakeKernels()
        self.steward = LeaseReaper(
            self.book,
            Kernels(self.kernels),
            ManagerPool(find=self.find),
            grace_s=GRACE_S,
            clock=self.clock,
        )

    async def find(self, _named: str) -> Found:
        return Found(host=self.host, why="made for this test")

    def lease(self, instance: Instance, holder: Identity, **changes: bool) -> None:
        lease = Lease(
            address=self.host.info.address,
            instance_reference=instance.instance_reference,
            identifier=instance.identifier,
            model_key=instance.model_key,
            holder=holder,
        )
        self.book.write(replace(lease, **changes))

    def load(self, holder: Identity, **changes: bool) -> Instance:
        instance = self.host.put(self.host.disk[0])
        self.lease(instance, holder, **changes)
        return instance

    async def pass_by(self, seconds: float) -> None:
        """Let the steward look, wait, and look again."""
        await self.steward.check()
        self.clock.now += seconds
        await self.steward.check()

    @property
    def memory(self) -> list[str]:
        return [instance.identifier for instance in self.host.memory]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "leases")


@pytest.fixture
def dead_pid() -> int:
    """Return the number of a process that was killed with no chance to clean up."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process.kill()
    process.wait()
    return process.pid


@pytest.fixture
def gone(dead_pid: int) -> Identity:
    return Identity(kernel_id="gone", pid=dead_pid, machine=socket.gethostname())


async def test_an_instance_leaves_when_the_grace_after_its_kernel_is_over(
    house: House, gone: Identity
) -> None:
    house.load(gone)

    await house.pass_by(GRACE_S - 1)
    assert house.memory == ["qwen/qwen3-4b"]
    await house.pass_by(1)

    assert house.memory == []
    assert house.book.all() == ()


async def test_no_host_is_asked_anything_before_something_is_due(
    house: House, gone: Identity
) -> None:
    house.load(gone)

    await house.pass_by(GRACE_S - 1)

    assert house.host.looks == 0


async def test_an_instance_stays_while_its_kernel_lives(house: House) -> None:
    house.load(Identity(kernel_id="mine", pid=os.getpid(), machine=socket.gethostname()))

    await house.pass_by(10 * GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]


async def test_a_restarted_kernel_keeps_its_leases_under_its_new_process(
    house: House, gone: Identity
) -> None:
    house.load(gone)
    house.kernels["gone"] = FakeKernel(pid=os.getpid())

    await house.pass_by(10 * GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]
    (lease,) = house.book.all()
    assert lease.holder.pid == os.getpid()


async def test_a_kernel_that_is_back_within_the_grace_gets_a_whole_one_again(
    house: House, gone: Identity
) -> None:
    house.load(gone)
    await house.pass_by(GRACE_S - 1)
    house.kernels["gone"] = FakeKernel(pid=gone.pid)
    await house.pass_by(1)
    del house.kernels["gone"]

    await house.pass_by(GRACE_S - 1)

    assert house.memory == ["qwen/qwen3-4b"]


async def test_a_kernel_that_jupyter_has_given_up_is_gone(house: House, gone: Identity) -> None:
    house.load(gone)
    house.kernels["gone"] = FakeKernel(pid=gone.pid, execution_state="dead")

    await house.pass_by(GRACE_S)

    assert house.memory == []


async def test_an_instance_that_another_kernel_uses_stays(house: House, gone: Identity) -> None:
    instance = house.load(gone)
    other = Identity(kernel_id="other", pid=os.getpid(), machine=socket.gethostname())
    house.lease(instance, other, loaded=False)

    await house.pass_by(GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]


async def test_an_instance_that_somebody_used_since_is_theirs(house: House, gone: Identity) -> None:
    instance = house.load(gone)
    await house.steward.check()
    house.clock.now += 10
    house.host.memory[0] = replace(instance, idle_since=house.clock.now)

    await house.pass_by(GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]
    assert house.book.all() == ()


async def test_an_instance_in_use_is_not_torn_away(house: House, gone: Identity) -> None:
    instance = house.load(gone)
    house.host.memory[0] = replace(instance, status="generating", queued=1)
    await house.pass_by(GRACE_S)
    assert house.memory == ["qwen/qwen3-4b"]

    house.host.memory[0] = instance
    await house.steward.check()

    assert house.memory == []


@pytest.mark.parametrize("change", [{"expires": False}, {"loaded": False}])
async def test_what_was_to_stay_or_was_loaded_elsewhere_stays(
    house: House, gone: Identity, change: dict[str, bool]
) -> None:
    house.load(gone, **change)

    await house.pass_by(GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]


async def test_a_pinned_instance_stays(house: House, gone: Identity) -> None:
    instance = house.load(gone)
    house.host.memory[0] = replace(instance, pinned=True)

    await house.pass_by(GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]


async def test_what_a_notebook_kept_goes_with_it_whoever_loaded_it(
    house: House, gone: Identity
) -> None:
    house.host.info = replace(house.host.info, features=("keep",))
    instance = house.load(gone, loaded=False, while_open=True)
    house.host.memory[0] = replace(instance, keep=Keep(), idle_since=house.clock.now)
    house.clock.now += 1
    await house.pass_by(GRACE_S)
    assert house.memory == []
    assert house.book.all() == ()


async def test_what_a_notebook_kept_and_others_use_has_its_ttl_again(
    house: House, gone: Identity
) -> None:
    house.host.info = replace(house.host.info, features=("keep",))
    instance = house.load(gone, while_open=True)
    await house.steward.check()
    used = replace(instance, keep=Keep(), idle_since=house.clock.now + 10)
    house.host.memory[0] = used
    house.clock.now += GRACE_S
    await house.steward.check()
    assert [one.keep for one in house.host.memory] == [None]
    assert house.book.all() == ()


async def test_a_host_that_does_not_answer_is_asked_again_after_another_grace(
    house: House, gone: Identity
) -> None:
    house.load(gone)
    house.host.reachable = False
    await house.pass_by(GRACE_S)
    house.host.reachable = True

    await house.pass_by(GRACE_S - 1)
    assert house.memory == ["qwen/qwen3-4b"]
    await house.pass_by(1)

    assert house.memory == []


async def test_kernels_can_tell_that_somebody_watches(house: House) -> None:
    assert not house.book.is_watched
    house.steward.start()
    assert house.book.is_watched

    await house.steward.stop()

    assert not house.book.is_watched


async def test_leases_of_another_machine_are_left_alone(house: House, gone: Identity) -> None:
    house.load(replace(gone, machine="another"))

    await house.pass_by(GRACE_S)

    assert house.memory == ["qwen/qwen3-4b"]
