"""How soon a cell ends that is interrupted. Run: `python -m tests.bench interrupts`.

The host never answers what the cell waits for, nor that it is called off.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel
from tests.magics.test_kernel_old_host import KEY, environment

LIMIT_S = 2.0
LINES = (
    ("%lms load other/model", "loadModel"),
    ("%lms model other/model", "getOrLoad"),
    ("%%lms kept\nHello", "predict"),
    ("%lms get acme/x", "downloadModel"),
)


def figures() -> Iterator[Figure]:
    """Measure from the interrupt until the kernel is idle."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Studio(models=(KEY, "other/model")) as studio,
        Kernel(environment(Path(folder), studio), folder) as kernel,
    ):
        kernel.run(f"%load_ext lms_jupyter\n%lms load {KEY} --new --identifier kept")
        pid = int(kernel.value("__import__('os').getpid()"))
        for line, channel in LINES:
            studio.silent = {channel}
            taken = _interrupted(kernel, studio, pid, line)
            yield Figure(f"{line!r}, from the interrupt to its end", taken, "s", at_most=LIMIT_S)


def _interrupted(kernel: Kernel, studio: Studio, pid: int, line: str) -> float:
    heard = threading.Event()
    (channel,) = studio.silent
    studio.heard = lambda endpoint: heard.set() if endpoint == channel else None
    asked = kernel.begin(line)
    assert heard.wait(20)
    began = time.perf_counter()
    os.kill(pid, signal.SIGINT)
    kernel.end(asked)
    return time.perf_counter() - began
