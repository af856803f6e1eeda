import os
import subprocess
import sys
import time
from pathlib import Path

from lms_jupyter.manager.identity import Identity, this_kernel
from lms_jupyter.manager.leases import Lease, LeaseBook, is_alive
from lms_jupyter.protocol.models import LoadConfig

ADDRESS = "127.0.0.1:1234"
LONG_AGO_NS = 1_000_000_000_000_000_000


def kernel(kernel_id: str = "one", notebook: str | None = "a.ipynb", pid: int = 1) -> Identity:
    return Identity(kernel_id=kernel_id, notebook=notebook, pid=pid, machine="here")


def lease(reference: str = "r1", holder: Identity | None = None, address: str = ADDRESS) -> Lease:
    return Lease(
        address=address,
        instance_reference=reference,
        identifier="chat",
        model_key="qwen",
        holder=holder or kernel(),
        asked=LoadConfig(context_length=2048),
    )


def test_a_kernel_is_known_by_its_connection_file_and_its_notebook() -> None:
    me = this_kernel(["-f", "/run/kernel-1a2b.json"], {"JPY_SESSION_NAME": "/home/ada/a.ipynb"})

    assert (me.kernel_id, me.notebook, me.label) == ("1a2b", "/home/ada/a.ipynb", "a.ipynb")
    assert this_kernel([], {}).label.startswith("process ")


def test_leases_outlive_the_book_that_wrote_them(tmp_path: Path) -> None:
    LeaseBook(tmp_path).write(lease())

    assert LeaseBook(tmp_path).of(ADDRESS) == LeaseBook(tmp_path).of(ADDRESS)
    assert [one.asked.context_length for one in LeaseBook(tmp_path).of(ADDRESS)] == [2048]
    assert LeaseBook(tmp_path).of("elsewhere:1") == ()


def test_two_kernels_hold_one_instance(tmp_path: Path) -> None:
    book = LeaseBook(tmp_path)
    book.write(lease())
    book.write(lease(holder=kernel("two", "b.ipynb")))

    assert len(book.of(ADDRESS)) == 2


def test_a_restarted_kernel_takes_its_leases_over(tmp_path: Path) -> None:
    book = LeaseBook(tmp_path)
    book.write(lease("r1", kernel("one", None, pid=1)))
    book.write(lease("r2", kernel("other", "a.ipynb", pid=2)))
    book.write(lease("r3", kernel("stranger", "b.ipynb", pid=3)))
    restarted = kernel("one", "a.ipynb", pid=9)

    taken = book.take_over(ADDRESS, restarted)

    assert {one.instance_reference for one in taken} == {"r1", "r2"}
    assert sorted((one.instance_reference, one.holder.pid) for one in book.of(ADDRESS)) == [
        ("r1", 9),
        ("r2", 9),
        ("r3", 3),
    ]


def test_leases_on_what_is_gone_are_forgotten(tmp_path: Path) -> None:
    book = LeaseBook(tmp_path)
    book.write(lease("r1"))
    book.write(lease("r2"))

    book.forget(ADDRESS, {"r2"})

    assert [one.instance_reference for one in book.of(ADDRESS)] == ["r2"]


def test_a_file_that_nobody_can_read_is_nobodys_lease(tmp_path: Path) -> None:
    (tmp_path / "old.lease").write_text("{}")

    assert LeaseBook(tmp_path).of(ADDRESS) == ()


def test_a_clock_counts_while_its_process_runs(tmp_path: Path) -> None:
    book = LeaseBook(tmp_path)
    assert not book.is_watched

    book.watching(2**22 + 1)
    assert not book.is_watched

    book.watching(os.getpid())
    assert book.is_watched


def test_no_file_is_read_twice_unless_a_lease_comes_goes_or_changes(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    book = LeaseBook(folder)
    book.write(lease("r1"))
    (path,) = folder.iterdir()
    os.utime(folder, ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert len(book.all()) == 1

    # Who reads it now finds nothing; writing into a file is no change of its folder.
    path.write_bytes(b"")
    assert len(book.all()) == 1

    LeaseBook(folder).write(lease("r2"))
    assert [one.instance_reference for one in book.all()] == ["r2"]


def test_two_changes_in_one_step_of_the_clock_are_both_seen(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    book = LeaseBook(folder)
    book.write(lease("r1"))
    now_ns = time.time_ns()
    os.utime(folder, ns=(now_ns, now_ns))
    assert len(book.all()) == 1

    book.write(lease("r2"))
    os.utime(folder, ns=(now_ns, now_ns))

    assert len(book.all()) == 2


def test_who_has_ended_is_not_alive_even_if_the_parent_never_asks() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid)
        process.kill()
        # It has ended, and nobody has taken its number away yet.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        # Systems other than Linux do not tell the one from the other.
        assert is_alive(process.pid) is (sys.platform != "linux")

    assert not is_alive(process.pid)
