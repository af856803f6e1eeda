"""`lms-jupyter demo --fleet`: three engines as devices of a gateway, all on this machine."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, cast

from lms_jupyter.cli.family import dies_with_us, ended
from lms_jupyter.hosts.starting import EngineStart

DEVICES: Final = ("desk", "lab", "attic")
LOST: Final = "lab"
"""Which of them the notebook ends."""
NOTEBOOK: Final = "fleet.ipynb"
ASK: Final = (
    'import lmstudio\n\nprint(lmstudio.llm("pool").respond("Hello!", config={"maxTokens": 24}))'
)


@contextlib.contextmanager
def engine(*options: str) -> Iterator[tuple[int, str]]:
    """Run an engine of our own on a free port; yields its process id and its address."""
    command = [sys.executable, "-P", "-m", "lms_jupyter.engine", *options]
    process, address = EngineStart(command, preexec_fn=dies_with_us()).run()
    with ended(process), cast("IO[str]", process.stdout):
        yield process.pid, address


@contextlib.contextmanager
def fleet(folder: Path) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Run three devices and their gateway.

    Args:
        folder: For what they write down; `engine.json` there has the gateway's token.

    Yields:
        The gateway's address, and the process of each device.
    """
    with contextlib.ExitStack() as stack:
        lines, processes = [], {}
        for name in DEVICES:
            options = ("--token-file", str(folder / f"{name}.token"), "--spares", "0")
            processes[name], address = stack.enter_context(engine(*options))
            lines += [f"[devices.{name}]", f'address = "{address}"', f'token-file = "{name}.token"']
        file = folder / "fleet.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        options = ("--fleet", str(file), "--announce", str(folder / "engine.json"))
        _, address = stack.enter_context(engine("--no-default-models", "--spares", "0", *options))
        yield address, processes


def write_notebook(folder: Path, processes: Mapping[str, int]) -> None:
    """Write the notebook that loads on each device, ends one, and watches."""
    cells = [
        _cell(number, kind, text) for number, (kind, text) in enumerate(_cells(processes[LOST]))
    ]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / NOTEBOOK).write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text}
    return cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}


def _cells(process: int) -> Sequence[tuple[str, str]]:
    title = (
        f"# A fleet\n\nThree engines run on this machine: {', '.join(DEVICES)}. "
        "Each is a *device*; the gateway speaks for all of them."
    )
    end = (
        "import os, signal, time\n\n"
        f"os.kill({process}, signal.SIGKILL)\n"
        "while all(device.connected for device in lms_jupyter.link().devices):\n"
        "    time.sleep(0.2)\n"
        "%lms link status"
    )
    return (
        ("markdown", title),
        ("code", "%load_ext lms_jupyter\nimport lms_jupyter"),
        ("code", "%lms link status"),
        ("markdown", "One model, on every device, under one identifier:"),
        ("code", f"%lms load tutor-1m --identifier pool --replicas {len(DEVICES)} -c 512"),
        ("code", "%lms ps"),
        ("markdown", "The panel shows the same, and what becomes of it:"),
        ("code", "lms_jupyter.panel()"),
        ("markdown", "A request goes to the instance that has the least to do:"),
        ("code", ASK),
        ("markdown", f"Now {LOST!r} dies, without a word:"),
        ("code", end),
        ("markdown", "What it had in memory is gone; the others go on:"),
        ("code", "%lms ps"),
        ("code", ASK),
    )
