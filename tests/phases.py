"""Where the time of the suite goes: `--phases` prints a table, by test and by folder.

A phase is the set-up, the call or the teardown of one test. Beside its seconds stands how many of
them its processes computed (pytest and all that it has started): the rest was spent waiting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from pathlib import PurePath
from typing import Any

import psutil
import pytest

WHEN = ("setup", "call", "teardown")
SLOWEST = 100


def _computed_s() -> float:
    """Return the processor seconds of this process and of all that it has started until now."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


class Phases:
    """Measures in the process that runs the tests; prints in the one that reports."""

    def __init__(self) -> None:
        self.reports: list[Any] = []
        self._before: float | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        """Note how much was computed since the last phase ended."""
        report = yield
        now = _computed_s()
        report.computed_s = 0.0 if self._before is None else now - self._before
        self._before = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what workers tell as well as what was run here."""
        self.reports.append(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the slowest tests, then the folders."""
        tests: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(WHEN, 0.0))
        computed: dict[str, float] = defaultdict(float)
        for report in self.reports:
            tests[report.nodeid][report.when] += report.duration
            computed[report.nodeid] += max(0.0, getattr(report, "computed_s", 0.0))
        files: dict[str, list[str]] = defaultdict(list)
        folders: dict[str, list[str]] = defaultdict(list)
        for nodeid in tests:
            file = PurePath(nodeid.partition("::")[0])
            files[str(file)].append(nodeid)
            folders[str(file.parent)].append(nodeid)

        def line(name: str, nodeids: list[str]) -> tuple[float, str]:
            parts = [sum(tests[one][when] for one in nodeids) for when in WHEN]
            busy = sum(computed[one] for one in nodeids)
            numbers = "".join(f"{part:9.1f}" for part in (sum(parts), *parts, busy))
            return sum(parts), f"{numbers}  {len(nodeids):5d}  {name}"

        head = "".join(f"{name:>9}" for name in ("s", *WHEN, "computed")) + "  tests"
        for title, groups in (
            ("folders", folders),
            ("files", files),
            ("tests", {nodeid: [nodeid] for nodeid in tests}),
        ):
            terminalreporter.section(f"slowest {title}", "-")
            terminalreporter.write_line(head)
            lines = sorted((line(*group) for group in groups.items()), reverse=True)
            for _, text in lines[:SLOWEST]:
                terminalreporter.write_line(text)
