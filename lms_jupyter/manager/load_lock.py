"""A file that the one holds who loads a model, so that no other kernel of the user loads it too.

The system lets go of it when its holder dies. Its content shows those who wait how far the load is.
"""

import contextlib
import errno
import hashlib
import os
import re
from pathlib import Path

import msgspec
from msgspec import Struct

from lms_jupyter.hosts.state_folder import warn_of_no_locks
from lms_jupyter.manager.identity import machine_mark

try:
    import fcntl
except ImportError:  # Windows, whose own locks cannot be shared
    fcntl = None  # type: ignore[assignment]

RECORD_BYTES = 512
LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d+){3}|\[::1\]):(?P<port>\d+)", re.IGNORECASE)

_held: set[int] = set()
"""Descriptors of this process: a forked child closes its copies, or it would hold the locks too."""


class Progress(Struct, frozen=True, kw_only=True):
    """How far the load of the holder is."""

    load_id: str
    fraction: float = 0.0


class LoadLock:
    """The lock of one model on one host; none that is held is ever waited for in here."""

    def __init__(self, folder: Path, address: str, model_key: str) -> None:
        named = f"{spelled_alike(address)} {model_key}"
        readable = re.sub(r"[^A-Za-z0-9-]", "-", model_key)[:40]
        mark = hashlib.sha256(named.encode()).hexdigest()[:16]
        self.path = folder / "loads" / f"{readable}-{mark}.lock"
        self._descriptor: int | None = None

    def take(self, *, shared: bool = False) -> bool:
        """Take it if nobody holds it; say whether it is ours, or whether there can be none here.

        Args:
            shared: Hold it beside others who share it; who wants it alone waits for all of them.
        """
        descriptor = -1
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            _lock(descriptor, shared=shared)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            warn_of_no_locks(self.path.parent, error)
            return True
        self._descriptor = descriptor
        _held.add(descriptor)
        if not shared:
            self._write(b"")
        return True

    def publish(self, progress: Progress) -> None:
        """Write down how far our load is."""
        self._write(msgspec.json.encode(progress))

    def progress(self) -> Progress | None:
        """Read how far the load of the holder is; `None` if that is not written."""
        # Its holder may be writing just now, or have ended.
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self.path.read_bytes(), type=Progress)
        return None

    def release(self) -> None:
        """Let the next one have it."""
        # A forked child has closed its copy already, and may have given the number to another file.
        self._write(b"")
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None and descriptor in _held:
            _held.discard(descriptor)
            os.close(descriptor)

    def _write(self, content: bytes) -> None:
        descriptor = self._descriptor
        if descriptor is None or descriptor not in _held or len(content) > RECORD_BYTES:
            return
        # What those who wait can see of the progress is worth no failure of a load.
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, content.ljust(RECORD_BYTES), 0)


def _lock(descriptor: int, *, shared: bool) -> None:
    """Lock an open file without waiting.

    Raises:
        BlockingIOError: Somebody else holds it.
        OSError: It cannot be locked here.
    """
    if fcntl is None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def spelled_alike(address: str) -> str:
    """Write the addresses of one host alike; loopback is another host on another machine."""
    match = LOOPBACK.fullmatch(address)
    return f"{machine_mark()}:{match['port']}" if match else address.lower()


def _close_in_child() -> None:
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
