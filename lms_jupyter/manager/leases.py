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
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from lms_jupyter.errors import FolderError
from lms_jupyter.hosts.state_folder import state_folder, warn_once
from lms_jupyter.manager.departures import DepartureBook
from lms_jupyter.manager.identity import Identity
from lms_jupyter.protocol.models import LoadConfig

GRACE_S = 300.0
"""How long an instance stays when its last holder has gone."""
LOST = (
    "which kernel uses which model is not noted, so each stays until its TTL ends, also when its "
    "kernel has gone."
)
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
    while_open: bool = False
    """Whether the instance is to stay for as long as the holder runs, whatever its TTL."""
    rule: str = ""
    """The rule of the user's that said how long it stays."""
    since: float = msgspec.field(default_factory=time.time)


class LeaseBook:
    """All leases of this user on this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self._named = folder
        self.departures = DepartureBook(lambda: self.folder)
        self._read: tuple[Lease, ...] = ()
        self._read_at: tuple[int, int] | None = None

    @property
    def folder(self) -> Path | None:
        """Where they lie, and what else this user's kernels share.

        `None` if nothing can be written on this machine.
        """
        if self._named is not None:
            return self._named
        try:
            return state_folder() / "leases"
        except FolderError as error:
            warn_once(f"{error.title.rstrip('.')}: {LOST} {error.hint}")
            return None

    def write(self, lease: Lease) -> None:
        """Note a lease, at once and whole. Where none can be noted, a warning says so once."""
        self._put(_name(lease), msgspec.json.encode(lease))

    def all(self) -> tuple[Lease, ...]:
        """Return every lease, oldest first. Files are read only if one has come or gone since."""
        state = self._state()
        if state is None or state != self._read_at:
            found = map(_decoded, self._files("*.lease"))
            leases = [lease for lease in found if lease is not None]
            self._read = tuple(sorted(leases, key=lambda lease: lease.since))
            self._read_at = state
        return self._read

    def of(self, address: str) -> tuple[Lease, ...]:
        """Return the leases on instances of one host, oldest first."""
        return tuple(lease for lease in self.all() if lease.address == address)

    def remove(self, lease: Lease) -> None:
        """End a lease."""
        self._drop(_name(lease))

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
        self._put(f"{pid}.watcher", b"")

    def unwatch(self, pid: int) -> None:
        """Note that such a process ends."""
        self._drop(f"{pid}.watcher")

    @property
    def is_watched(self) -> bool:
        """Whether such a process runs now."""
        return any(
            path.stem.isdigit() and is_alive(int(path.stem)) for path in self._files("*.watcher")
        )

    def _files(self, pattern: str) -> Iterator[Path]:
        folder = self.folder
        return iter(()) if folder is None else folder.glob(pattern)

    def _put(self, name: str, content: bytes) -> None:
        with self._as_far_as_it_goes() as folder:
            if folder is None:
                return
            folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(draft).replace(folder / name)
            except OSError:
                Path(draft).unlink(missing_ok=True)
                raise

    def _drop(self, name: str) -> None:
        with self._as_far_as_it_goes() as folder:
            if folder is not None:
                (folder / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _as_far_as_it_goes(self) -> Iterator[Path | None]:
        """Say once what is lost where nothing can be noted: what was loaded is loaded."""
        folder = self.folder
        try:
            yield folder
        except OSError as error:
            warn_once(f"{folder} cannot be written ({error.strerror or error}): {LOST}")

    def _state(self) -> tuple[int, int] | None:
        """Name the state that the folder is in; `None` if the next one could have the same name.

        Every write ends with a rename, so the folder changes with each of its files.
        """
        folder = self.folder
        try:
            found = None if folder is None else folder.stat()
        except OSError:
            return None
        if found is None:
            return None
        if time.time_ns() - found.st_mtime_ns < SETTLED_NS:
            return None
        return found.st_ino, found.st_mtime_ns


def _name(lease: Lease) -> str:
    readable = re.sub(r"[^A-Za-z0-9-]", "-", lease.identifier)[:40]
    named = f"{lease.address} {lease.instance_reference} {lease.holder.kernel_id}"
    return f"{readable}-{hashlib.sha256(named.encode()).hexdigest()[:16]}.lease"


def _decoded(path: Path) -> Lease | None:
    # Another process may end it between the listing and here; a file of another version is nobody's
    # lease.
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=Lease)
    return None


def is_present(holder: Identity) -> bool:
    """Whether a holder runs, as far as this machine can see.

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
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The name before it is in brackets, and may hold anything.
    _, _, state = stat.rpartition(b") ")
    return state.startswith(b"Z")
