"""The bin of this machine's desktop, where there is one.

Of Linux and BSD it is that of freedesktop.org's specification, of macOS a folder. One that nobody
has used yet is not made: on a server nobody would ever empty it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin for the files of one filesystem."""

    folder: Path
    top: Path | None = None
    """What paths are relative to in its notes; `None`: they are absolute."""
    keeps_notes: bool = True

    def put(self, path: Path) -> Path:
        """Move a file into the bin, and return where it lies now.

        Raises:
            OSError: It could not be moved; it is where it was.
        """
        if not self.keeps_notes:
            return _moved(path, self.folder)
        files, notes = self.folder / "files", self.folder / "info"
        for folder in (files, notes):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _names(path.name):
            note = notes / f"{name}.trashinfo"
            try:
                descriptor = os.open(note, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(descriptor, "w") as file:
                file.write(self._note(path))
            try:
                path.rename(files / name)
            except OSError:
                note.unlink(missing_ok=True)
                raise
            return files / name
        raise AssertionError  # the names never end

    def _note(self, path: Path) -> str:
        place = path if self.top is None else path.relative_to(self.top)
        now = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")
        return f"[Trash Info]\nPath={quote(str(place))}\nDeletionDate={now}\n"


def bin_for(path: Path, environ: Mapping[str, str] = os.environ) -> Bin | None:
    """Return the bin that a file can be moved to without copying it; `None` if there is none."""
    try:
        home = Path(environ.get("HOME") or Path.home())
        device = path.lstat().st_dev
    except (OSError, RuntimeError):
        return None
    if sys.platform == "darwin":
        folder = home / ".Trash"
        return Bin(folder, keeps_notes=False) if _device_of(folder) == device else None
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    used = data / "Trash"
    if _device_of(used) == device:
        return Bin(used)
    top = _mount_point(path, device)
    folder = top / f".Trash-{os.getuid()}"
    # Who has a desktop has one on each disk, from the first file on.
    if _device_of(folder) == device or (_device_of(used) and os.access(top, os.W_OK)):
        return Bin(folder, top=top)
    return None


def _device_of(folder: Path) -> int | None:
    """Return the filesystem of a folder; `None` if it is none, or a link to elsewhere."""
    with contextlib.suppress(OSError):
        status = folder.lstat()
        return status.st_dev if stat.S_ISDIR(status.st_mode) else None
    return None


def _mount_point(path: Path, device: int) -> Path:
    top = path.absolute().parent
    while top != top.parent and top.parent.stat().st_dev == device:
        top = top.parent
    return top


def _names(name: str) -> Iterator[str]:
    yield name
    stem, dot, suffix = name.rpartition(".")
    for number in count(2):
        yield f"{stem}.{number}{dot}{suffix}" if dot else f"{name}.{number}"


def _moved(path: Path, folder: Path) -> Path:
    for name in _names(path.name):
        place = folder / name
        if not os.path.lexists(place):
            path.rename(place)
            return place
    raise AssertionError  # the names never end
