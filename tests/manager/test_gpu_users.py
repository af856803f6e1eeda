"""Which notebook holds memory of a GPU, and when that counts as news."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from lms_jupyter.hosts.base import Found, Snapshot
from lms_jupyter.manager import Collaborators, Manager
from lms_jupyter.manager.gpu_users import kernels_on, known_kernels
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import Lease, LeaseBook
from lms_jupyter.manager.owners import apply_snapshot, learn_owners
from lms_jupyter.manager.reduce import State
from lms_jupyter.manager.steady_memory import is_steady
from lms_jupyter.protocol.models import Memory, MemoryUser
from lms_jupyter.protocol.slices import Catalog
from tests.hosts.fake import FakeHost, fake_gpu

KERNEL, CHILD, GRANDCHILD, SERVER = 4_000_100, 4_000_101, 4_000_102, 4_000_103
"""Numbers that no process of this machine has: the largest that Linux gives is 4,194,304, and a
machine that has run so long is not one that runs tests."""
KERNEL_ID = "0a1b2c3d-0000-4000-8000-000000000000"


def user(pid: int | None, name: str = "python3", memory_bytes: int = 5_000_000_000) -> MemoryUser:
    return MemoryUser(name=name, memory_bytes=memory_bytes, pid=pid)


def memory(*users: MemoryUser, **changes: object) -> Memory:
    gpu = replace(fake_gpu(users=users), **changes)
    return Memory(total_bytes=64_000, available_bytes=32_000, gpus=(gpu,))


def manager_at(address: str, collaborators: Collaborators | None = None) -> Manager:
    async def find(_named: str) -> Found:
        return Found(host=FakeHost(), why="")

    manager = Manager(find, collaborators or Collaborators())
    host = replace(manager.activity.host, address=address)
    activity = replace(manager.activity, host=host)
    manager.activity = activity
    manager._state = State(catalog=Catalog(epoch=activity.epoch), activity=activity)
    return manager


def put(proc: Path, pid: int, parent: int, words: Sequence[str], **environ: str) -> None:
    """Write what Linux tells of a process."""
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{pid} (a ) name) S {parent} 1 1")
    (folder / "cmdline").write_bytes(b"\0".join(word.encode() for word in (*words, "")))
    entries = [f"{name}={value}" for name, value in environ.items()]
    (folder / "environ").write_bytes("\0".join([*entries, ""]).encode())


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A kernel of a notebook, which has started a shell, which has started a training."""
    proc = tmp_path / "proc"
    kernel = ("python3", "-m", "ipykernel_launcher", "-f", f"/run/kernel-{KERNEL_ID}.json")
    put(proc, KERNEL, 1, kernel, HOME="/home/me", JPY_SESSION_NAME="/home/me/train.ipynb")
    put(proc, CHILD, KERNEL, ("bash", "-c", "python train.py"))
    put(proc, GRANDCHILD, CHILD, ("python", "train.py"))
    put(proc, SERVER, 1, ("ollama", "serve"))
    return proc


@pytest.mark.parametrize("pid", [KERNEL, GRANDCHILD])
def test_a_process_is_known_by_the_kernel_that_it_is_or_that_started_it(
    pid: int, proc: Path
) -> None:
    kernels = kernels_on(memory(user(pid), user(SERVER)), "127.0.0.1:1234", (), proc)

    assert {pid: kernel.notebook for pid, kernel in kernels.items()} == {
        pid: "/home/me/train.ipynb"
    }


def test_a_host_on_another_machine_means_other_processes(proc: Path) -> None:
    assert kernels_on(memory(user(KERNEL)), "gpu-box:1234", (), proc) == {}


def test_a_kernel_of_another_user_is_a_kernel_without_a_notebook(proc: Path) -> None:
    (proc / str(KERNEL) / "environ").unlink()

    kernels = kernels_on(memory(user(KERNEL)), "localhost:1234", (), proc)

    assert kernels[KERNEL].label == "kernel 0a1b2c3d"


def test_what_the_system_does_not_tell_is_a_program(tmp_path: Path) -> None:
    assert kernels_on(memory(user(KERNEL), user(None)), "127.0.0.1:1234", (), tmp_path) == {}


def test_a_lease_tells_where_the_system_does_not(tmp_path: Path) -> None:
    holder = Identity(
        kernel_id="k", notebook="/home/me/a.ipynb", pid=os.getpid(), machine=socket.gethostname()
    )
    book = LeaseBook(tmp_path)
    book.write(
        Lease(
            address="fake:0", instance_reference="r", identifier="i", model_key="m", holder=holder
        )
    )
    known = known_kernels(book, None)

    kernels = kernels_on(memory(user(os.getpid())), "127.0.0.1:1234", known, tmp_path / "no-proc")

    assert kernels == {os.getpid(): holder}


@pytest.mark.asyncio
async def test_a_slice_names_the_notebook_and_goes_on_naming_it() -> None:
    me = Identity(
        kernel_id="k", notebook="work/train.ipynb", pid=os.getpid(), machine=socket.gethostname()
    )
    manager = manager_at("127.0.0.1:1234", Collaborators(identity=me))
    seen = Snapshot(now=1.0, instances=(), memory=memory(user(os.getpid()), user(None, "Xorg")))

    apply_snapshot(seen, manager)
    named = manager.activity
    apply_snapshot(seen, manager)
    learn_owners(manager)

    (gpu,) = (named.memory and named.memory.gpus) or ()
    assert [(one.name, one.is_notebook) for one in gpu.users] == [
        ("work/train.ipynb", True),
        ("Xorg", False),
    ]
    assert manager.activity == named


def test_a_slice_is_news_when_a_pool_or_who_holds_it_could_be_seen_to_change() -> None:
    known = memory(user(7, memory_bytes=5_000_000_000))
    (gpu,) = known.gpus or ()

    def now(**changes: object) -> Memory:
        return replace(known, gpus=(replace(gpu, **changes),))

    assert is_steady(known, now(available_bytes=gpu.available_bytes - 100_000_000))
    assert not is_steady(known, now(available_bytes=gpu.available_bytes - 900_000_000))
    assert is_steady(known, now(users=(user(7, memory_bytes=5_100_000_000),)))
    assert not is_steady(known, now(users=(user(7, memory_bytes=9_000_000_000),)))
    assert not is_steady(known, now(users=(user(7, "train.ipynb"),)))
    assert not is_steady(known, now(users=()))
    assert not is_steady(known, replace(known, gpus=None))
    assert not is_steady(known, replace(known, gpus=(gpu, gpu)))
