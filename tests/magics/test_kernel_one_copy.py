"""Kernels that load the same model at once: one instance, and a handle for each."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import lmstudio
import pytest

from tests.engines import held
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel
from tests.magics.test_kernel_old_host import environment
from tests.waiting import wait_until

KEY = "qwen/qwen3-4b"

ROUNDS = [
    ["%lms load {key} --as llm", "%lms load {key} --as llm"],
    [
        "%lms load {key} --as llm",
        "import lms_jupyter; llm = lms_jupyter.load('{key}')",
        "%lms model {key} --as llm",
        "from lms_jupyter import aio; llm, _ = await gather(aio.load('{key}'), aio.load('{key}'))",
    ],
]
"""What each kernel runs at the same moment."""


def started(stack: ExitStack, environ: dict[str, str], folder: Path, count: int) -> list[Kernel]:
    kernels = [stack.enter_context(Kernel(environ, str(folder))) for _ in range(count)]
    for kernel in kernels:
        ran = kernel.run("%load_ext lms_jupyter\nfrom asyncio import gather\n%lms ps")
        assert not ran.error, ran.error_text
    return kernels


def at_once(kernels: list[Kernel], lines: list[str], key: str) -> list[str]:
    pairs = zip(kernels, lines, strict=True)
    return [kernel.begin(line.replace("{key}", key)) for kernel, line in pairs]


def end(kernels: list[Kernel], running: list[str]) -> None:
    for kernel, asked in zip(kernels, running, strict=True):
        ran = kernel.end(asked)
        assert not ran.error, ran.error_text


@pytest.mark.parametrize("lines", ROUNDS)
def test_kernels_on_lm_studio_share_one_instance(tmp_path: Path, lines: list[str]) -> None:
    with Studio(holds=True) as studio, ExitStack() as stack:
        kernels = started(stack, environment(tmp_path, studio), tmp_path, len(lines))
        before = len(studio.asked)
        running = at_once(kernels, lines, KEY)
        # Every kernel has looked twice: at the model, and for its turn to load it.
        wait_until(
            lambda: studio.asked[before:].count("listDownloadedModels") >= len(lines),
            "each kernel to look twice",
        )
        studio.go_on()
        end(kernels, running)

        assert [kernel.value("llm.identifier") for kernel in kernels] == [KEY] * len(lines)
        assert list(studio.memory) == [KEY]
        assert sum("modelKey" in asked for asked in studio.parameters) <= 1

        ran = kernels[0].run(f"%lms load {KEY} --new --as other")
        assert not ran.error, ran.error_text
        assert list(studio.memory) == [KEY, f"{KEY}:2"]


@pytest.mark.parametrize("lines", ROUNDS)
def test_kernels_on_the_engine_share_one_instance(
    engine: str, tmp_path: Path, environ: dict[str, str], lines: list[str]
) -> None:
    with ExitStack() as stack:
        kernels = started(stack, environ, tmp_path, len(lines))
        # The engine is one for all modules of a worker: what another has left goes first, and
        # `%lms unload --all` leaves what belongs to other notebooks.
        with lmstudio.Client(engine) as client:
            for model in client.list_loaded_models():
                model.unload()
        with held(engine):
            running = at_once(kernels, lines, "slow-llm")
            with lmstudio.Client(engine) as client:
                wait_until(
                    lambda: client.system.remote_call("getActivity")["loads"], "a load to begin"
                )
        end(kernels, running)
        names = [kernel.value("llm.identifier") for kernel in kernels]
        with lmstudio.Client(engine) as client:
            loaded = [model.identifier for model in client.llm.list_loaded()]
        kernels[0].run("%lms unload --all")

    assert names == ["slow-llm"] * len(lines)
    assert loaded == ["slow-llm"]


def test_a_kernel_that_dies_while_it_loads_lets_the_next_one_load(tmp_path: Path) -> None:
    with Studio(holds=True) as studio, ExitStack() as stack:
        first, second = started(stack, environment(tmp_path, studio), tmp_path, 2)
        pid = int(first.value("__import__('os').getpid()"))
        assert first.client is not None
        first.client.execute(f"%lms load {KEY}")
        wait_until(lambda: studio.loading, "a load to begin")
        waiting = second.begin(f"%lms load {KEY} --as llm")
        before = len(studio.parameters)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(studio.parameters) > before, "the next kernel to load")
        studio.go_on()
        ran = second.end(waiting)

        assert not ran.error, ran.error_text
        assert second.value("llm.identifier") in studio.memory


def test_waiting_for_another_kernels_load_can_be_interrupted_and_shows_its_progress(
    tmp_path: Path,
) -> None:
    with Studio(holds=True) as studio, ExitStack() as stack:
        first, second = started(stack, environment(tmp_path, studio), tmp_path, 2)
        loading = first.begin(f"%lms load {KEY} --as llm")
        wait_until(lambda: studio.loading, "a load to begin")
        waits = (
            "import threading, time, _thread, lms_jupyter\n"
            "manager = lms_jupyter.api.session.session().local.manager\n"
            "def interrupt():\n"
            "    while not [one for one in manager.activity.loads if one.fraction == 0.5]:\n"
            "        time.sleep(0.01)\n"
            "    _thread.interrupt_main()\n"
            "threading.Thread(target=interrupt).start()\n"
            f"lms_jupyter.load({KEY!r})"
        )
        ran = second.run(waits)
        studio.go_on()
        loaded = first.end(loading)

        assert ran.error == "KeyboardInterrupt", ran.error_text
        assert not loaded.error, loaded.error_text
        assert list(studio.memory) == [KEY]
