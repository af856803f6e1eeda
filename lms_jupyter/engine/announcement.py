"""A file that says where a running engine listens, there for as long as it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from lms_jupyter.engine.version import VERSION


@contextmanager
def made(file: Path | None, address: str) -> Iterator[None]:
    """Write the file at once as a whole; remove it at the end, if it is still ours."""
    if file is None:
        yield
        return
    content = msgspec.json.encode({"address": address, "pid": os.getpid(), "version": VERSION})
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)
    try:
        yield
    finally:
        if file.exists() and file.read_bytes() == content:
            file.unlink()
