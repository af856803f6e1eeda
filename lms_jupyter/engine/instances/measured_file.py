"""The file of what loads have taken on this machine: small, bounded, its user's alone.

Whatever is wrong with it, loads are as good as without: what cannot be read was never measured.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

MOST: Final = 400
"""Kept loads; those that were seen longest ago leave."""
MAX_BYTES: Final = 1_000_000
Size: TypeAlias = Annotated[int, Meta(ge=0, le=2**50)]


class Took(Struct, frozen=True, kw_only=True):
    """What a load of one kind has taken, with one context."""

    kind: Annotated[str, Meta(max_length=64)]
    """See `kinds.kind_of`."""
    context_length: Annotated[int, Meta(ge=0, le=2**40)]
    main_bytes: Size
    gpu_bytes: Mapping[str, Size] = {}
    """GPU → bytes."""
    is_whole: bool = False
    """Whether it has worked on a whole batch, which takes more than loading does."""
    at: float
    """Unix seconds."""

    @property
    def name(self) -> tuple[str, int]:
        """What it is a measurement of."""
        return self.kind, self.context_length

    def larger(self, other: Took) -> Took:
        """Return both as one: memory is only ever missed by measuring, never seen too much."""
        if self.is_whole != other.is_whole:
            return self if self.is_whole else other
        gpus = {*self.gpu_bytes, *other.gpu_bytes}
        return msgspec.structs.replace(
            self,
            main_bytes=max(self.main_bytes, other.main_bytes),
            gpu_bytes={
                gpu: max(self.gpu_bytes.get(gpu, 0), other.gpu_bytes.get(gpu, 0)) for gpu in gpus
            },
            at=max(self.at, other.at),
        )


class MeasuredFile:
    """Reads and writes the file; both wait for the disk."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> list[Took]:
        """Return what stands there; nothing if it is not this user's, or not as it was written."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            with os.fdopen(os.open(self.file, flags), "rb") as reading:
                if not _is_own(os.fstat(reading.fileno())):
                    return []
                return msgspec.json.decode(reading.read(MAX_BYTES + 1), type=list[Took])
        except (OSError, msgspec.MsgspecError, ValueError):
            return []

    def write(self, took: Took) -> None:
        """Write a measurement beside what another engine has written since.

        Raises:
            OSError: The disk is full, or the folder is not to be written to.
        """
        known = {measurement.name: measurement for measurement in self.read()}
        known[took.name] = took.larger(known.get(took.name, took))
        newest = sorted(known.values(), key=lambda measurement: measurement.at, reverse=True)[:MOST]
        draft = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as writing:
                writing.write(msgspec.json.encode(newest))
            draft.replace(self.file)
        finally:
            draft.unlink(missing_ok=True)


def _is_own(found: os.stat_result) -> bool:
    by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_ours = not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not by_others)
    return stat.S_ISREG(found.st_mode) and is_ours
