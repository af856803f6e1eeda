"""Which kernel holds which instance: small files that outlive the kernels that write them.

One file for each pair of instance and kernel, so that no two processes write the same file. A
kernel writes what it loaded or uses; whoever outlives it (the Jupyter Server extension, a
supervisor) reads them, and ends an instance some time after its last holder has gone:

    book = LeaseBook()
    for lease in book.of(address):          # of one host
        lease.holder                        # kernel id, notebook, pid, machine
    book.watching(pid)                      # "a clock runs here": `ps` stops warning
    book.forget(address, alive_references)  # instances that are gone need no leases
"""

import contextlib
import hashlib
import os
import re
import socket
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import msgspec
from msgspec import Struct
from platformdirs import user_state_path

from lms_jupyter.manager.identity import Identity
from lms_jupyter.protocol.models import LoadConfig

GRACE_S = 300.0
"""How long an instance stays when its last holder has gone."""
SETTLED_NS = 2_000_000_000
"""A folder that changed this long ago has another time after its next change: file systems count
time in steps of up to two seconds."""


class Lease(Struct, frozen=True, kw_only=True):
    """One kernel's claim on one instance."""

    address: str
    """Of the host."""
    instance_reference: str
    identifier: str
    model_key: str
    holder: Identity
    loaded: bool = True
    """Whether the holder loaded it, or uses what somebody else loaded."""
    expires: bool = True
    """Whether the instance may go when its holders have gone; `--no-lease` says no."""
    asked: LoadConfig = LoadConfig()
    """The settings that were named; what the host made of them may differ."""
    ttl_s: float | None = None
    since: float = msgspec.field(default_factory=time.time)


class LeaseBook:
    """All leases of this user on this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or user_state_path("lms-jupyter") / "leases"
        self._read: tuple[Lease, ...] = ()
        self._read_at: tuple[int, int] | None = None

    @property
    def folder(self) -> Path:
        """Where the leases lie, and what else this user's kernels tell one another."""
        return self._folder

    def write(self, lease: Lease) -> None:
        """Note a lease, at once and whole."""
        self._put(self._path(lease), msgspec.json.encode(lease))

    def all(self) -> tuple[Lease, ...]:
        """Return every lease, oldest first. Files are read only if one has come or gone since."""
        state = self._state()
        if state is None or state != self._read_at:
            found = (_decoded(path) for path in self._folder.glob("*.lease"))
            leases = [lease for lease in found if lease is not None]
            self._read = tuple(sorted(leases, key=lambda lease: lease.since))
            self._read_at = state
        return self._read

    def of(self, address: str) -> tuple[Lease, ...]:
        """Return the leases on instances of one host, oldest first."""
        return tuple(lease for lease in self.all() if lease.address == address)

    def remove(self, lease: Lease) -> None:
        """End a lease."""
        self._path(lease).unlink(missing_ok=True)

    def forget(self, address: str, references: Collection[str]) -> None:
        """End the leases on instances that are not among these any more."""
        for lease in self.of(address):
            if lease.instance_reference not in references:
                self.remove(lease)

    def take_over(self, address: str, holder: Identity) -> tuple[Lease, ...]:
        """Return a kernel's leases; those from before its restart get its new name."""
        renewed = []
        for lease in self.of(address):
            if holder.continues(lease.holder):
                new = msgspec.structs.replace(lease, holder=holder)
                if lease.holder != holder:
                    self.remove(lease)
                    self.write(new)
                renewed.append(new)
        return tuple(renewed)

    def watching(self, pid: int) -> None:
        """Note that a process outlives the kernels and ends what nobody holds any more."""
        self._put(self._folder / f"{pid}.watcher", b"")

    def unwatch(self, pid: int) -> None:
        """Note that such a process ends."""
        (self._folder / f"{pid}.watcher").unlink(missing_ok=True)

    @property
    def is_watched(self) -> bool:
        """Whether such a process runs now."""
        return any(
            path.stem.isdigit() and is_alive(int(path.stem))
            for path in self._folder.glob("*.watcher")
        )

    def _path(self, lease: Lease) -> Path:
        readable = re.sub(r"[^A-Za-z0-9-]", "-", lease.identifier)[:40]
        named = f"{lease.address} {lease.instance_reference} {lease.holder.kernel_id}"
        return self._folder / f"{readable}-{hashlib.sha256(named.encode()).hexdigest()[:16]}.lease"

    def _put(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)

    def _state(self) -> tuple[int, int] | None:
        """Name the state that the folder is in; `None` if the next one could have the same name.

        Every write ends with a rename, so the folder changes with each of its files.
        """
        try:
            found = self._folder.stat()
        except OSError:
            return None
        if time.time_ns() - found.st_mtime_ns < SETTLED_NS:
            return None
        return found.st_ino, found.st_mtime_ns


def _decoded(path: Path) -> Lease | None:
    # Another process may end it between the listing and here; a file of another version is nobody's
    # lease.
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=Lease)
    return None


def is_present(holder: Identity) -> bool:
    """Whether a holder runs, as far as this machine can tell.

    Home folders may be shared between machines; what runs on another, that one knows better.
    """
    return holder.machine != socket.gethostname() or is_alive(holder.pid)


def is_alive(pid: int) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """Whether a process keeps its number only because its parent has not asked what became of it.

    In a container whose first process never asks, that is for good. Only Linux tells (proc(5)).
    """
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The name before it is in brackets, and may hold anything.
    _, _, state = told.rpartition(b") ")
    return state.startswith(b"Z")
