"""Which kernels run: those of this Jupyter Server, and others of this machine by their process."""

import socket
from typing import Any

from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import is_alive

DEAD = "dead"
"""What Jupyter Server calls a kernel that it has given up restarting."""


class Kernels:
    """Tells whether the holder of a lease is still there."""

    def __init__(self, kernel_manager: Any) -> None:
        self._manager = kernel_manager

    def holds(self, holder: Identity) -> bool:
        """Whether a kernel is there, be it in the middle of a restart."""
        if holder.machine != socket.gethostname():
            # Home folders may be shared between machines; what runs there, they know better.
            return True
        if holder.kernel_id in self._manager:
            kernel = self._manager.get_kernel(holder.kernel_id)
            return bool(getattr(kernel, "execution_state", None) != DEAD)
        return is_alive(holder.pid)

    def pid(self, holder: Identity) -> int | None:
        """The process of a kernel of this Jupyter Server; a restart gives it another one."""
        if holder.kernel_id not in self._manager:
            return None
        provisioner = self._manager.get_kernel(holder.kernel_id).provisioner
        pid = getattr(provisioner, "pid", None)
        return pid if isinstance(pid, int) else None
