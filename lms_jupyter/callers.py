"""Which of a user's lines led to an error, for the errors that show no frames of ours."""

import os
import re
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

PACKAGE = f"{Path(__file__).parent}{os.sep}"
_LIBRARIES = tuple(
    f"{path}{os.sep}"
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
    if (path := sysconfig.get_path(name))
)
_MAGIC = re.compile(r"get_ipython\(\)\.run_line_magic\('(?P<name>\w+)', '(?P<line>.*)'\)")
"""What IPython makes of a line that begins with a percent sign."""


def user_calls(trace: TracebackType | None) -> list[str]:
    """Name the user's lines that led into this package, the outermost first.

    Args:
        trace: The traceback of an error that this package raised.

    Returns:
        One text a call, such as `helpers.py, line 12, in prepare: load("qwen3")`. Empty if the
        only one is a cell of one line: that cell stands above its error anyway.
    """
    frames = []
    for frame in traceback.extract_tb(trace):
        if frame.filename.startswith(PACKAGE):
            break
        if not frame.filename.startswith(_LIBRARIES):
            frames.append(frame)
    if len(frames) == 1 and frames[0].name == "<module>" and frames[0].lineno == 1:
        return []
    return [_described(frame) for frame in frames]


def running_shell() -> Any:
    """Return the IPython that runs here, if one does; nothing is imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _described(frame: traceback.FrameSummary) -> str:
    place = f"{_file(frame.filename)}, line {frame.lineno}"
    if frame.name != "<module>":
        place += f", in {frame.name}"
    source = _MAGIC.sub(r"%\g<name> \g<line>", frame.line or "")
    return f"{place}: {source}" if source else place


def _file(filename: str) -> str:
    """Name a file, or a cell as IPython numbers it."""
    shell = running_shell()
    if shell is not None and (named := shell.compile.format_code_name(filename)) is not None:
        return " ".join(named)
    return Path(filename).name
