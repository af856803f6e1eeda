"""Who this process is: which kernel, of which notebook."""

import contextlib
import hashlib
import os
import re
import socket
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path

from msgspec import Struct
from platformdirs import user_state_path

from lms_jupyter.hosts.forks import is_worker

_CONNECTION_FILE = re.compile(r"kernel-([^/\\]+)\.json$")
_SESSION = "JPY_SESSION_NAME="
"""What Jupyter Server tells a kernel: the path of its notebook."""


class Identity(Struct, frozen=True, kw_only=True):
    """A kernel, as others can recognise it."""

    kernel_id: str
    """Survives a restart of the kernel in Jupyter."""
    notebook: str | None = None
    """The path of the notebook, where it is known."""
    pid: int
    machine: str

    @property
    def label(self) -> str:
        """What people call it."""
        if self.notebook:
            return Path(self.notebook).name
        return self.kernel_id if "process" in self.kernel_id else f"kernel {self.kernel_id[:8]}"

    @property
    def name(self) -> str:
        """What it is called where no other is to be meant: the notebook's path."""
        return self.notebook or self.label

    def continues(self, other: "Identity") -> bool:
        """Whether this is the same kernel, restarted, or another one of the same notebook."""
        if self.machine != other.machine:
            return False
        same_notebook = self.notebook is not None and self.notebook == other.notebook
        return same_notebook or self.kernel_id == other.kernel_id


def this_kernel(
    arguments: Sequence[str] = sys.argv, environ: Mapping[str, str] = os.environ
) -> Identity:
    """Return who we are, from what Jupyter tells a kernel that it starts."""
    pid = os.getpid()
    if is_worker():
        # It has the kernel's arguments, and must not pass for the kernel: when it ends, what the
        # kernel uses would seem to be nobody's.
        return Identity(kernel_id=f"process {pid}", pid=pid, machine=socket.gethostname())
    named = (match[1] for word in arguments if (match := _CONNECTION_FILE.search(word)))
    return Identity(
        kernel_id=next(named, f"process {pid}"),
        notebook=_in_unicode(environ.get("JPY_SESSION_NAME") or None),
        pid=pid,
        machine=socket.gethostname(),
    )


def kernel_at(process: Path) -> Identity | None:
    """Return which kernel a process is, if it is one, and Linux tells us (proc(5)).

    Args:
        process: The folder of the process in `/proc`.
    """
    try:
        words = os.fsdecode((process / "cmdline").read_bytes()).split("\0")
        match = next((found for word in words if (found := _CONNECTION_FILE.search(word))), None)
    except OSError:
        return None
    if match is None:
        return None
    notebook = None
    # Another user's kernel does not say which notebook it is of.
    with contextlib.suppress(OSError):
        environ = os.fsdecode((process / "environ").read_bytes()).split("\0")
        named = (entry.removeprefix(_SESSION) for entry in environ if entry.startswith(_SESSION))
        notebook = next(named, None) or None
    return Identity(
        kernel_id=match[1],
        notebook=_in_unicode(notebook),
        pid=int(process.name),
        machine=socket.gethostname(),
    )


def _in_unicode(path: str | None) -> str | None:
    """Show the bytes of a path that are no UTF-8: neither messages nor notes can hold those."""
    return path and os.fsencode(path).decode(errors="backslashreplace")


on_behalf_of: ContextVar[Identity | None] = ContextVar("on_behalf_of", default=None)
"""The kernel that somebody else carries a command out for: what it loads is that kernel's."""


def machine_mark() -> str:
    """Return a mark that two processes share if a loopback address means the same to both.

    It tells nothing of the machine: hostname, start, network namespace and state folder are hashed.
    """
    signs = [socket.gethostname(), str(user_state_path("lms-jupyter"))]
    try:
        signs.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    except OSError:
        signs.append(str(uuid.getnode()))
    with contextlib.suppress(OSError):
        signs.append(str(Path("/proc/self/ns/net").readlink()))
    return hashlib.sha256(os.fsencode("\n".join(signs))).hexdigest()[:16]
