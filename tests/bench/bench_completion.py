"""How fast Tab answers, from what is known already. Run: `python -m tests.bench completion`.

In a kernel: from the request to the reply. In a terminal: from the key to the word on the screen,
which IPython's own prompt adds to.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect

from tests.bench.figure import Figure, percentile
from tests.engines import engine
from tests.magics.kernels import Kernel

TURNS = 50
LIMIT_MS = 50
LINES = ("%lms l", "%lms load tutor", "%lms load tutor-1m --con", "%lms unload ", "%%lms ")


def figures() -> Iterator[Figure]:
    """Measure in a kernel and in a terminal."""
    with tempfile.TemporaryDirectory() as temporary, engine(Path(temporary)) as address:
        environ = {**os.environ, "LMS_JUPYTER_HOST": address, "IPYTHONDIR": temporary}
        for line, times in _in_a_kernel(environ, temporary).items():
            median, worst = 1e3 * statistics.median(times), 1e3 * percentile(times, 95)
            yield Figure(f"Tab in a kernel, {line!r}, median", median, "ms", at_most=LIMIT_MS)
            yield Figure("  95th percentile", worst, "ms")
        times = _in_a_terminal(environ, temporary)
        median = 1e3 * statistics.median(times)
        yield Figure("Tab in a terminal, key to screen, median", median, "ms", at_most=LIMIT_MS)
        yield Figure("  95th percentile", 1e3 * percentile(times, 95), "ms")


def _in_a_kernel(environ: dict[str, str], folder: str) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {line: [] for line in LINES}
    with Kernel(environ, folder) as kernel:
        kernel.run("%load_ext lms_jupyter\n%lms load tutor-1m")
        for line in LINES * TURNS:
            begun = time.perf_counter()
            kernel.complete(line)
            taken[line].append(time.perf_counter() - begun)
    return taken


def _in_a_terminal(environ: dict[str, str], folder: str) -> list[float]:
    child: Any = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=NoColor"],
        env={**environ, "TERM": "xterm"},
        cwd=folder,
        dimensions=(40, 120),
        encoding="utf-8",
        timeout=30,
    )
    child.delaybeforesend = None
    child.expect_exact("In [1]:")
    for number, line in enumerate(("%load_ext lms_jupyter", "%lms ls"), start=2):
        child.send(f"{line}\r")
        child.expect_exact(f"In [{number}]:")
    taken = []
    for _ in range(TURNS):
        child.send("%lms unl")
        child.expect_exact("unl")
        time.sleep(0.1)  # What is typed is drawn by then: only the key counts.
        begun = time.perf_counter()
        child.send("\t")
        child.expect_exact("oad")
        taken.append(time.perf_counter() - begun)
        child.send("\x15")
        time.sleep(0.05)  # The line is empty by then, and nothing of it is read as the next.
    child.close(force=True)
    return taken
