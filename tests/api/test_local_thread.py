"""The thread of the manager at its two ends: a start that takes its time, and a quick exit."""

import os
import subprocess
import sys
import threading

import pytest

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.commands import UnloadInstance
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FakeHost, fake_model


async def find(_named: str) -> Found:
    return Found(host=FakeHost(fake_model()), why="made for this test")


def test_a_manager_whose_thread_is_slow_to_begin_is_alive_and_the_only_one() -> None:
    begin = threading.Event()

    class Slow(LocalManager):
        def _run(self) -> None:
            begin.wait(10)
            super()._run()

    local = Slow(Manager(find))

    assert local.alive, "or the next call would start another, which knows nothing of this one"
    begin.set()
    local.connect()
    local.close()
    assert not local.alive


def test_a_listener_that_would_wait_for_itself_is_told_so_and_not_left_hanging() -> None:
    local = LocalManager(Manager(find))
    local.connect()
    told: list[BaseException] = []

    def listen(_change: object) -> None:
        try:
            local.run(UnloadInstance(identifier="chat"))
        except CommandError as error:
            told.append(error)

    local.manager.observe(listen, "activity")
    local.run(LoadRequest(model_key="qwen/qwen3-4b", mode="new", identifier="chat"))
    local.close()

    assert "A listener cannot wait for the host" in str(told[0])


QUICK = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "lms_jupyter")
time.sleep(float(sys.argv[1]))
"""


# Python ends in the middle of another import each time.
@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.2, 0.4])
def test_leaving_while_a_host_is_looked_for_prints_nothing(after_s: float) -> None:
    told = subprocess.run(
        [sys.executable, "-c", QUICK, str(after_s)],
        env={**os.environ, "LMS_JUPYTER_HOST": "127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert (told.stdout, told.stderr) == ("", "")
