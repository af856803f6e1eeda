"""The Jupyter Server in the place of a busy kernel: its panel's clicks are carried out here."""

from dataclasses import dataclass

from lms_jupyter.errors import LmsError
from lms_jupyter.manager import Manager
from lms_jupyter.manager.identity import Identity, machine_mark
from lms_jupyter.manager.watch import connect


@dataclass(frozen=True, slots=True)
class KernelFallback:
    """What a panel says of its kernel, and whether it is so that this server can stand in.

    An address alone proves nothing: on two machines, `127.0.0.1:1234` are two hosts.
    """

    kernel: Identity | None
    """The kernel, if this server runs it: what is loaded for it becomes its own."""
    machine: str
    """The kernel's `machine_mark`."""
    address: str
    """The kernel's host."""

    @property
    def is_here(self) -> bool:
        """Whether the kernel is of this server, and on the same machine."""
        return self.kernel is not None and self.machine == machine_mark()

    async def prove(self, manager: Manager) -> bool:
        """Whether the host of this server is the kernel's; looks for ours if there is none yet."""
        try:
            await connect(manager)
        except LmsError:
            return False
        return manager.activity.host.address == self.address
