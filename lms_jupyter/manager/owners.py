"""Whose an instance is and who else uses it: kernels write it down, where the host is silent."""

import asyncio
from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from lms_jupyter.manager.events import OwnersLearned
from lms_jupyter.manager.leases import Lease, is_present

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager

LATE_S = 0.5
"""A host tells of an instance before whoever loaded it has written that down."""


def learn_owners(manager: "Manager") -> None:
    """Tell who loaded what is in memory, and which other kernels use it.

    No host is asked, and no file is read unless a lease has come, gone or changed. Whether a user
    still runs is looked at each time: a kernel that dies leaves its lease behind.
    """
    instances = manager.activity.instances
    if manager.leases is None or not instances:
        return
    here = {instance.instance_reference for instance in instances}
    leases = manager.leases.of(manager.activity.host.address)
    leases = tuple(lease for lease in leases if lease.instance_reference in here)
    loaded = [lease for lease in leases if lease.loaded]
    for lease in loaded:
        # The Jupyter Server loads on behalf of a kernel that is busy.
        if _is_ours(lease, manager):
            manager.own.setdefault(lease.instance_reference, lease.asked)
    owners = {lease.instance_reference: lease.holder.label for lease in loaded}
    users: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for lease in leases:
        if not (lease.loaded or _is_ours(lease, manager)) and is_present(lease.holder):
            users[lease.instance_reference] += (lease.holder.label,)
    manager.apply(OwnersLearned(owners=owners, mine=frozenset(manager.own), users=users))
    _look_again_for_ours(owners.keys(), manager)


def _is_ours(lease: Lease, manager: "Manager") -> bool:
    return manager.identity is not None and manager.identity.continues(lease.holder)


def _look_again_for_ours(claimed: AbstractSet[str], manager: "Manager") -> None:
    """Look once more if something has our name and nobody has said yet that it is ours."""
    if manager.identity is None:
        return
    label = manager.identity.label
    named = {
        instance.instance_reference
        for instance in manager.activity.instances
        if not instance.mine and instance.owner == label
    }
    if named - claimed - manager.awaited:
        asyncio.get_running_loop().call_later(LATE_S, manager.wake.set)
    manager.awaited = frozenset(named)
