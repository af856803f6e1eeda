"""The file that the one holds who loads a model."""

import multiprocessing
import os
from pathlib import Path

import pytest

from lms_jupyter.manager.load_lock import LoadLock, Progress, spelled_alike

QWEN = "qwen/qwen3-4b"


def test_a_lock_is_free_once_its_holder_has_died(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, other = context.Pipe()
    child = context.Process(target=_hold, args=(tmp_path, other))
    child.start()
    assert ready.recv() is True
    lock = LoadLock(tmp_path, "fake:0", QWEN)
    assert not lock.take()
    assert lock.progress() == Progress(load_id="theirs", fraction=0.25)

    child.kill()
    child.join()

    assert lock.take()
    assert lock.progress() is None
    lock.release()


def _hold(folder: Path, pipe: object) -> None:
    lock = LoadLock(folder, "fake:0", QWEN)
    taken = lock.take()
    lock.publish(Progress(load_id="theirs", fraction=0.25))
    pipe.send(taken)  # type: ignore[attr-defined]
    pipe.recv()  # type: ignore[attr-defined]


def test_a_forked_worker_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    lock = LoadLock(tmp_path, "fake:0", QWEN)
    assert lock.take()
    (hears, lets_go), (began, begins) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        # The child lives until it is let go, and must hold nothing meanwhile.
        os.close(lets_go)
        os.write(begins, b".")
        os.read(hears, 1)
        os._exit(0)
    os.close(hears)
    os.read(began, 1)

    lock.release()
    other = LoadLock(tmp_path, "fake:0", QWEN)
    free = other.take()
    other.release()
    os.close(lets_go)
    os.waitpid(child, 0)
    os.close(began)
    os.close(begins)

    assert free


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("localhost:1234", "127.0.0.1:1234", True),
        ("[::1]:1234", "127.0.0.1:1234", True),
        ("127.0.1.1:1234", "LOCALHOST:1234", True),
        ("127.0.0.1:1234", "127.0.0.1:1235", False),
        ("gpu-box:1234", "GPU-Box:1234", True),
        ("gpu-box:1234", "127.0.0.1:1234", False),
    ],
)
def test_the_addresses_of_one_host_have_one_lock(one: str, other: str, *, alike: bool) -> None:
    assert (spelled_alike(one) == spelled_alike(other)) is alike
