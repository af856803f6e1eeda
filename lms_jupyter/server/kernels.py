"""Which kernels run: those of this Jupyter Server, and others of this machine by their process."""

import contextlib
import socket
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import is_present

DEAD = "dead"
"""What Jupyter Server calls a kernel that it has given up restarting."""


class Kernels:
    """Tells whether the holder of a lease is still there."""

    def __init__(self, kernel_manager: Any) -> None:
        self._manager = kernel_manager

    def holds(self, holder: Identity) -> bool:
        """Whether a kernel is there, be it in the middle of a restart."""
        if holder.machine == socket.gethostname() and holder.kernel_id in self._manager:
            kernel = self._manager.get_kernel(holder.kernel_id)
            return bool(getattr(kernel, "execution_state", None) != DEAD)
        return is_present(holder)

    def pid(self, holder: Identity) -> int | None:
        """The process of a kernel of this Jupyter Server; a restart gives it another one."""
        if holder.kernel_id not in self._manager:
            return None
        provisioner = self._manager.get_kernel(holder.kernel_id).provisioner
        pid = getattr(provisioner, "pid", None)
        return pid if isinstance(pid, int) else None


async def identity_of(kernel_id: str, kernel_manager: Any, session_manager: Any) -> Identity | None:
    """Return who a kernel of this Jupyter Server is, as it says itself; `None` if it is not ours.

    Args:
        kernel_id: Which kernel.
        kernel_manager: The server's.
        session_manager: The server's: it knows the notebooks.
    """
    if kernel_id not in kernel_manager:
        return None
    notebook = None
    # A kernel that a script has started is of no notebook.
    with contextlib.suppress(HTTPError, KeyError):
        session = await ensure_async(session_manager.get_session(kernel_id=kernel_id))
        notebook = str(session["path"])
    machine = socket.gethostname()
    pid = getattr(kernel_manager.get_kernel(kernel_id).provisioner, "pid", None)
    return Identity(kernel_id=kernel_id, notebook=notebook, pid=pid or 0, machine=machine)
