"""A worker that was forked from a process that uses models has clients of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import engine

HANGS_S = 100

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an engine listens that the tests of this module share."""
    with engine(tmp_path_factory.mktemp("engine")) as address:
        yield address


BEGIN = """
import asyncio, multiprocessing, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import lms_jupyter, lmstudio
from lms_jupyter import aio

llm = lms_jupyter.load("tutor-1m", ttl=300)
plain = lms_jupyter.load("tutor-1m", ttl=300, heal=False)
embedding = lms_jupyter.load("tutor-embed", ttl=300)
assert llm.respond("hi").stats.stop_reason == "eosFound"
assert plain.respond("hi").stats.stop_reason == "eosFound"
assert len(embedding.embed("a")) > 8

def fresh():
    return lms_jupyter.load("tutor-1m").respond("hi").stats.stop_reason

def inherited():
    return llm.respond("hi").stats.stop_reason

def inherited_plain():
    return plain.respond("hi").stats.stop_reason

def inherited_embedding():
    return "eosFound" if len(embedding.embed("a")) > 8 else ""

def stream():
    return "".join(piece.content for piece in llm.respond_stream("hi")) and "eosFound"

def listed():
    names = {i.identifier for i in lms_jupyter.ps()}
    return "eosFound" if names == {llm.identifier, embedding.identifier} else str(names)

def awaited():
    async def use():
        handle = await aio.load("tutor-1m")
        said = await handle.respond("hi")
        await aio.close()
        return said.stats.stop_reason
    return asyncio.run(use())

def twice():
    return [inherited(), fresh(), inherited()][-1]

USES = (fresh, inherited, inherited_plain, inherited_embedding, stream, listed, awaited, twice)
"""
POOL = """
with multiprocessing.get_context("fork").Pool(2) as pool:
    for use in USES:
        print(use.__name__, pool.apply_async(use).get(60), flush=True)
    print("both", {r.get(60) for r in [pool.apply_async(inherited) for _ in range(6)]})
"""
EXECUTOR = """
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    for use in USES:
        print(use.__name__, pool.submit(use).result(60), flush=True)
"""
FORK = """
for use in USES:
    child = os.fork()
    if child == 0:
        print(use.__name__, use(), flush=True)
        sys.exit(0)  # with all that Python does when it ends
    _, status = os.waitpid(child, 0)
    assert status == 0, status
"""
NESTED = """
def nested():
    child = os.fork()
    if child == 0:
        os._exit(0 if inherited() == fresh() == "eosFound" else 1)
    return "eosFound" if os.waitpid(child, 0)[1] == 0 and inherited() == "eosFound" else "lost"

child = os.fork()
if child == 0:
    print("nested", nested(), flush=True)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
END = """
for use in USES:
    print("parent", use.__name__, use(), flush=True)
"""


def run(script: str, address: str, folder: Path) -> list[str]:
    """Run a script on the engine; return what was printed."""
    (folder / "script.py").write_text(script)
    told = subprocess.run(
        [sys.executable, "-X", "faulthandler", folder / "script.py"],
        env={
            **os.environ,
            "LMS_JUPYTER_HOST": address,
            "XDG_STATE_HOME": str(folder),
            "JPY_SESSION_NAME": str(folder / "mine.ipynb"),
        },
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout.splitlines()


@pytest.mark.parametrize(
    "workers", [POOL, EXECUTOR, FORK, NESTED], ids=["pool", "executor", "fork", "nested"]
)
def test_workers_use_models_and_so_does_their_parent_afterwards(
    workers: str, address: str, tmp_path: Path
) -> None:
    lines = run(BEGIN + workers + END, address, tmp_path)

    assert len(lines) >= 9
    assert [line for line in lines if "eosFound" not in line] == []


BUSY = """
import threading
stop = threading.Event()

def talk():
    while not stop.is_set():
        inherited()
        lms_jupyter.ps()

threads = [threading.Thread(target=talk) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(8):
    child = os.fork()
    if child == 0:
        os._exit(0 if inherited() == fresh() == "eosFound" else 1)
    print("eosFound" if os.waitpid(child, 0)[1] == 0 else "lost", flush=True)
stop.set()
for thread in threads:
    thread.join()
"""


def test_whatever_lock_is_held_while_a_worker_is_forked(address: str, tmp_path: Path) -> None:
    assert set(run(BEGIN + BUSY, address, tmp_path)) == {"eosFound"}


CONVENIENCE = """
from lms_jupyter.api.session import session
from lms_jupyter.hosts.sdk_default import DefaultClient

DefaultClient(lambda: os.environ["LMS_JUPYTER_HOST"], session().watch_load).install()
ours = lmstudio.llm("tutor-1m")
assert ours.respond("hi").stats.stop_reason == "eosFound"
child = os.fork()
if child == 0:
    print(ours.respond("hi").stats.stop_reason, flush=True)
    print(lmstudio.llm("tutor-1m").respond("hi").stats.stop_reason, flush=True)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print(ours.respond("hi").stats.stop_reason)
"""


def test_the_sdks_own_calls_work_in_a_worker_too(address: str, tmp_path: Path) -> None:
    assert run(BEGIN + CONVENIENCE, address, tmp_path) == ["eosFound"] * 3


ASYNC = """
async def main():
    handle = await aio.load("tutor-1m")
    child = os.fork()
    if child == 0:
        try:
            await handle.respond("hi")
        except lms_jupyter.errors.CommandError as error:
            print(error.title, "|", error.hint, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print((await handle.respond("hi")).stats.stop_reason)
    await aio.close()

asyncio.run(main())
"""


def test_an_async_handle_of_the_parent_says_at_once_what_it_is(
    address: str, tmp_path: Path
) -> None:
    told, after = run(BEGIN + ASYNC, address, tmp_path)

    assert "'tutor-1m' is of process" in told
    assert "aio.load" in told
    assert after == "eosFound"


MANAGER = """
from lms_jupyter.manager.local import local_manager

local = local_manager()
child = os.fork()
if child == 0:
    try:
        local.connect()
    except lms_jupyter.errors.CommandError as error:
        print(error.title, flush=True)
    assert local_manager() is not local
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_the_manager_of_the_parent_says_at_once_that_it_is_not_here(
    address: str, tmp_path: Path
) -> None:
    (told,) = run(BEGIN + MANAGER, address, tmp_path)

    assert "which this one was forked from" in told


LEASES = """
from lms_jupyter.manager.leases import LeaseBook

def holders():
    return sorted((lease.holder.kernel_id, lease.holder.pid) for lease in LeaseBook().all())

before = holders()
for context in ("fork", "spawn"):
    if __name__ == "__main__":
        worker = multiprocessing.get_context(context).Process(target=fresh)
        worker.start()
        worker.join()
        assert worker.exitcode == 0
if __name__ == "__main__":
    kept = [holder for holder in holders() if holder in before]
    print("eosFound" if kept == before and before else f"{before} {holders()}")
"""


def test_a_worker_does_not_take_over_what_its_parent_holds(address: str, tmp_path: Path) -> None:
    script = BEGIN.replace("llm = lms", "if __name__ == '__main__':\n    llm = lms", 1)
    script = script.replace("\nplain =", "\n    plain =").replace(
        "\nembedding =", "\n    embedding ="
    )
    script = script.replace("\nassert", "\n    assert")

    assert run(script + LEASES, address, tmp_path) == ["eosFound"]
