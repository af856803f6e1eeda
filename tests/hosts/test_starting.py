"""An engine that is started: its address in time, or an error and nothing left behind."""

import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from lms_jupyter.errors import HostUnreachableError
from lms_jupyter.hosts import embedded, starting
from lms_jupyter.hosts.starting import EngineStart

GIVEN_UP_S = 60.0
"""A tenth of what the programs sleep that nobody gives up."""
SLEEPS = "import time, sys; sys.stderr.write('waiting for the disk\\n'); time.sleep(600)"
HALF_A_LINE = "import time; print('listening on', end='', flush=True); time.sleep(600)"
CHATTERS = "import itertools, time\nfor _ in itertools.count(): print('x' * 99, flush=True)"
GRANDCHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPS!r}])"
ENDS = "import sys; sys.exit('no such model')"
COMPLAINS = "echo waiting for the disk >&2; sleep 600; true"
READY = "print('a warning'); print('listening on http://127.0.0.1:5', flush=True)"


def program(text: str, log: Path) -> EngineStart:
    return EngineStart([sys.executable, "-c", text], log)


def nobody_is_left() -> bool:
    lines = [" ".join(p.cmdline()) for p in psutil.Process().children(recursive=True)]
    ours = ("time.sleep(600)", "sleep 600", "itertools.count()")
    return not [line for line in lines if any(text in line for text in ours)]


@pytest.mark.parametrize("text", [SLEEPS, HALF_A_LINE, CHATTERS, GRANDCHILD])
def test_a_program_that_does_not_say_where_it_listens_is_given_up_in_time(
    text: str, tmp_path: Path
) -> None:
    started = time.monotonic()

    with pytest.raises(HostUnreachableError, match=r"did not start within 0\.5 seconds"):
        program(text, tmp_path / "log").run(0.5)

    assert time.monotonic() - started < GIVEN_UP_S
    assert nobody_is_left()


def test_the_error_holds_the_last_lines_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(HostUnreachableError, match="did not start: no such model") as caught:
        program(ENDS, tmp_path / "log").run()

    assert caught.value.hint == f"More is in {tmp_path / 'log'}:\nno such model"


def test_what_is_said_before_the_address_is_passed_over(tmp_path: Path) -> None:
    process, address = program(READY, tmp_path / "log").run()
    process.wait()

    assert address == "127.0.0.1:5"
    assert process.stdout is not None
    process.stdout.close()


def test_a_start_can_be_given_up_from_another_thread(tmp_path: Path) -> None:
    start = program(SLEEPS, tmp_path / "log")
    threading.Timer(0.2, start.give_up).start()
    started = time.monotonic()

    with pytest.raises(HostUnreachableError):
        start.run(60)

    assert time.monotonic() - started < GIVEN_UP_S
    assert nobody_is_left()


@pytest.mark.asyncio
async def test_an_engine_that_says_nothing_holds_neither_kernel_nor_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "START_TIMEOUT_S", 1.0)
    monkeypatch.setattr(embedded, "engine_command", lambda *_: ["sh", "-c", COMPLAINS])
    started = time.monotonic()

    for _ in range(2):
        with pytest.raises(HostUnreachableError, match="waiting for the disk"):
            await embedded.start_engine()

    assert time.monotonic() - started < GIVEN_UP_S
    assert nobody_is_left()


def test_one_place_starts_engines() -> None:
    package = Path(starting.__file__).parents[1]
    marked = [
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if starting.MARKER in file.read_text("utf-8") and "engine" not in file.parts
    ]

    assert marked.count("hosts/starting.py") == 1
    assert set(marked) - {"hosts/starting.py", "engine/app.py"} == set()
