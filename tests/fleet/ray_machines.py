"""Machines of a Ray cluster that a test may add and kill."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import Started, begun

ENGINE = "lms_jupyter.engine"


@dataclass
class Cluster:
    """Nodes of Ray, as a process of their own."""

    process: subprocess.Popen[str]
    address: str
    environment: dict[str, str]

    def say(self, order: str) -> None:
        """Have a node added or killed, and wait for it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("done "):
                assert line == f"done {order}\n"
                return
        pytest.fail("the cluster has ended")

    def gateway(self, home: Path, *options: str, **environment: str) -> Started:
        """Start a gateway without models of its own."""
        return begun(
            home,
            *("--no-default-models", "--fleet", f"ray:{self.address}", *options),
            **{**self.environment, **environment},
        )

    def engine(self, node: str) -> psutil.Process:
        """Return the engine of a node."""
        home = str(Path(self.environment["HOME"]) / node)
        engines = [
            process
            for process in processes()
            if process.info["environ"].get("HOME") == home and ENGINE in process.cmdline()
        ]
        assert len(engines) == 1
        return engines[0]


@contextmanager
def running(folder: Path, *names: str) -> Iterator[Cluster]:
    """Run a cluster with these nodes beside its head; nothing of it may be left over."""
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path.cwd()),
        "HOME": str(folder),
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ray_cluster.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
    assert process.stdin is not None
    assert process.stdout is not None
    ready = next((line for line in process.stdout if line.startswith("ready ")), "")
    if not ready:
        process.communicate(timeout=30)
        pytest.fail((folder / "log").read_text())
    made = Cluster(process, ready.split()[1], environment)
    for name in names:
        made.say(f"add {name}")
    yield made
    process.stdin.close()
    process.wait(60)
    process.stdout.close()
    homes = tuple(str(home) for home in (folder, *folder.iterdir()))
    left = [one for one in processes() if one.info["environ"].get("HOME") in homes]
    psutil.wait_procs(left, timeout=10)
    assert [one.cmdline() for one in left if one.is_running()] == []


def processes() -> list[Any]:
    """Return all processes whose environment can be read."""
    return [one for one in psutil.process_iter(["environ"]) if one.info["environ"]]


def other_version(folder: Path) -> Path:
    """Make a folder by which this package takes itself for another version."""
    told = folder / "lms_jupyter-0.0.1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: lms-jupyter\nVersion: 0.0.1\n")
    return folder
