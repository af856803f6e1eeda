"""While a cell runs, what this kernel uses does not give way to other programs."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from lms_jupyter.errors import LmsError
from lms_jupyter.hosts import keeping
from lms_jupyter.protocol.models import HostInfo

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager

HOLD_S = 30.0
"""How long the host is told to hold them: a kernel that dies holds nothing for longer."""
AGAIN_S = 10.0
LOOK_S = 1.0
"""Between two looks at whether the cell has got another instance."""


def is_needed(host: HostInfo) -> bool:
    """Whether instances of this host may give way: for a gateway, some device's may."""
    return not {"givesWay", "fleet"}.isdisjoint(host.features)


async def hold(manager: "Manager") -> None:
    """Hold what this kernel uses, until cancelled."""
    held: frozenset[str] = frozenset()
    asked_at = -AGAIN_S
    loop = asyncio.get_running_loop()
    while True:
        used = used_here(manager)
        if used and (used != held or loop.time() - asked_at >= AGAIN_S):
            # Where the host is lost, the next look finds it again, or the cell says so.
            with contextlib.suppress(LmsError):
                await keeping.hold(manager.connected_host, sorted(used), HOLD_S)
            held, asked_at = used, loop.time()
        await asyncio.sleep(LOOK_S)


def used_here(manager: "Manager") -> frozenset[str]:
    """Return the references of what this kernel has loaded or uses."""
    used = set(manager.own)
    if manager.leases is not None and manager.identity is not None:
        used.update(
            lease.instance_reference
            for lease in manager.leases.of(manager.activity.host.address)
            if manager.identity.continues(lease.holder)
        )
    return frozenset(used)
