"""Binding the SDK when it is imported disturbs nobody who imports something else meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from lms_jupyter.hosts.sdk_default import DefaultClient

arrived, go_on = threading.Event(), threading.Event()

class Finders(list):
    # Walked along as any list is; one thread pauses before the finder of files.
    def __iter__(self):
        for finder in super().__iter__():
            yield finder
            behind = self.index(finder) + 1
            is_next = behind < len(self) and getattr(self[behind], "__name__", "") == "PathFinder"
            if is_next and threading.current_thread() is thread:
                arrived.set()
                if not go_on.wait(60):
                    failed.append("nobody came")

failed = []
def other():
    try:
        import needed
    except ImportError as error:
        failed.append(str(error))

thread = threading.Thread(target=other)
default = DefaultClient(lambda: "127.0.0.1:9")
default.install()
sys.meta_path = Finders(sys.meta_path)
thread.start()
assert arrived.wait(60)
{meanwhile}
go_on.set()
thread.join()
print(failed)
"""
IMPORT = "import lmstudio\nassert lmstudio.get_default_client.__module__.startswith('lms_jupyter')"


def run(script: str, folder: Path) -> str:
    told = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()


@pytest.mark.parametrize("meanwhile", [IMPORT, "default.remove()", f"{IMPORT}\ndefault.remove()"])
def test_a_thread_that_searches_finds_its_module(meanwhile: str, tmp_path: Path) -> None:
    (tmp_path / "needed.py").write_text("")

    assert run(BLOCKED.replace("{meanwhile}", meanwhile), tmp_path) == "[]"


STRESS = """
import sys, threading
sys.path.insert(0, sys.argv[1])
sys.setswitchinterval(1e-5)
from lms_jupyter.hosts.sdk_default import DefaultClient

start, failed = threading.Barrier(9), []
def importer(number):
    start.wait()
    for name in [f"m{number}_{n}" for n in range(60)]:
        try:
            __import__(name)
        except ImportError as error:
            failed.append(str(error))

threads = [threading.Thread(target=importer, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
clients = [DefaultClient(lambda: "127.0.0.1:9") for _ in range(20)]
start.wait()
for client in clients:
    client.install()
    import lmstudio
    client.remove()
for thread in threads:
    thread.join()
print(failed)
"""


def test_many_threads_that_import_meanwhile_find_what_they_want(tmp_path: Path) -> None:
    for number in range(8):
        for n in range(60):
            (tmp_path / f"m{number}_{n}.py").write_text("")

    assert run(STRESS, tmp_path) == "[]"


HALF = """
import sys, threading
from lms_jupyter.hosts.sdk_default import DefaultClient

# The SDK is half imported, in another thread, when somebody asks for it.
half, go_on = threading.Event(), threading.Event()
import importlib.abc
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "lmstudio.sync_api":
            half.set()
            assert go_on.wait(60)
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=lambda: __import__("lmstudio"))
thread.start()
assert half.wait(60)
# Whoever waits for the rest of it cannot let it go on.
threading.Timer(0.2, go_on.set).start()
DefaultClient(lambda: "127.0.0.1:9").install()
thread.join()
import lmstudio
print(lmstudio.get_default_client.__module__)
"""


def test_an_sdk_that_is_half_imported_is_waited_for(tmp_path: Path) -> None:
    assert run(HALF, tmp_path) == "lms_jupyter.hosts.sdk_default"


AGAIN = """
import importlib, sys
from lms_jupyter.hosts.sdk_default import DefaultClient

for _ in range(3):
    client = DefaultClient(lambda: "127.0.0.1:9")
    client.install()
    import lmstudio
    assert lmstudio.get_default_client.__module__ == "lms_jupyter.hosts.sdk_default"
    client.remove()
    assert lmstudio.get_default_client.__module__ == "lmstudio.sync_api"
print(sum(type(finder).__name__ == "_ImportHook" for finder in sys.meta_path))
"""


def test_installing_and_removing_it_many_times_leaves_one_finder(tmp_path: Path) -> None:
    assert run(AGAIN, tmp_path) == "1"
