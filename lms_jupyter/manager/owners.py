"""Whose an instance is and who else uses it: kernels write it down, where the host is silent."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lms_jupyter.hosts.base import Snapshot
from lms_jupyter.manager.events import MemoryGivenBack, Ownership, Polled
from lms_jupyter.manager.gave_way import new_problems
from lms_jupyter.manager.gpu_users import kernel_of, kernels_on, known_kernels
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import Lease, is_present
from lms_jupyter.protocol.models import Instance, Memory

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager

LATE_S = 0.5
"""A host reports an instance before whoever loaded it has written that down."""


def apply_snapshot(snapshot: Snapshot, manager: "Manager") -> None:
    """Take over what the host sees, and what kernels have written down about it.

    Both are one event: a change of either is one revision of the slice.
    """
    ownership = _ownership(snapshot.instances, manager)
    kernels = _kernels_on(snapshot.memory, manager)
    manager.apply(Polled(snapshot=snapshot, ownership=ownership, kernels=kernels))

    def behind(pid: int | None) -> Identity | None:
        known = known_kernels(manager.leases, manager.identity)
        return kernel_of(pid, manager.activity.host.address, known)

    for problem in new_problems(snapshot.gave_way, manager.departures.noticed, behind):
        manager.apply(MemoryGivenBack(problem=problem))
    if ownership is not None:
        _look_again_for_ours(ownership, manager)


def learn_owners(manager: "Manager") -> None:
    """Apply who loaded what is in memory, and which other kernels use it; no host is polled."""
    ownership = _ownership(manager.activity.instances, manager)
    kernels = _kernels_on(manager.activity.memory, manager)
    if ownership is not None or kernels:
        manager.apply(Polled(ownership=ownership, kernels=kernels))
    if ownership is not None:
        _look_again_for_ours(ownership, manager)


def _kernels_on(memory: Memory | None, manager: "Manager") -> dict[int, Identity]:
    known = known_kernels(manager.leases, manager.identity)
    return kernels_on(memory, manager.activity.host.address, known)


def _ownership(instances: Sequence[Instance], manager: "Manager") -> Ownership | None:
    """Read whose the instances are.

    No file is read unless a lease has come, gone or changed. Whether a user still runs is looked
    at each time: a kernel that dies leaves its lease behind.
    """
    if manager.leases is None or not instances:
        return None
    here = {instance.instance_reference for instance in instances}
    leases = manager.leases.of(manager.activity.host.address)
    leases = tuple(lease for lease in leases if lease.instance_reference in here)
    loaded = [lease for lease in leases if lease.loaded]
    for lease in loaded:
        # The Jupyter Server loads on behalf of a kernel that is busy.
        if _is_ours(lease, manager.identity):
            manager.own.setdefault(lease.instance_reference, lease.asked)
    owners = {lease.instance_reference: lease.holder.label for lease in loaded}
    users: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for lease in leases:
        if not (lease.loaded or _is_ours(lease, manager.identity)) and is_present(lease.holder):
            users[lease.instance_reference] += (lease.holder.label,)
    return Ownership(owners=owners, mine=frozenset(manager.own), users=users)


def _is_ours(lease: Lease, identity: Identity | None) -> bool:
    return identity is not None and identity.continues(lease.holder)


def _look_again_for_ours(ownership: Ownership, manager: "Manager") -> None:
    """Look once more if something has our name and nobody has said yet that it is ours."""
    if manager.identity is None:
        return
    label = manager.identity.label
    named = frozenset(
        instance.instance_reference
        for instance in manager.activity.instances
        if not instance.mine and instance.owner == label
    )
    if named - ownership.owners.keys() - manager.awaited:
        asyncio.get_running_loop().call_later(LATE_S, manager.wake.set)
    manager.awaited = named
