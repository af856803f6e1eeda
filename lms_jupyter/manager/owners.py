"""Whose an instance is, where the host does not tell: kernels write down what they load."""

import asyncio

from lms_jupyter.manager.events import OwnersLearned
from lms_jupyter.manager.manager import Manager

LATE_S = 0.5
"""A host tells of an instance before whoever loaded it has written that down."""


def learn_owners(manager: Manager) -> None:
    """Tell who loaded the instances that nobody is known to own; no files are read if all are."""
    instances = manager.activity.instances
    label = manager.identity.label if manager.identity else None
    others = [i for i in instances if not i.mine]
    unclaimed = any(i.owner in (None, label) for i in others)
    forgotten = any(i.instance_reference in manager.own for i in others)
    if manager.leases is None or not (unclaimed or forgotten):
        return
    leases = [lease for lease in manager.leases.of(manager.activity.host.address) if lease.loaded]
    for lease in leases:
        # The Jupyter Server loads on behalf of a kernel that is busy.
        if manager.identity is not None and manager.identity.continues(lease.holder):
            manager.own.setdefault(lease.instance_reference, lease.asked)
    owners = {lease.instance_reference: lease.holder.label for lease in leases}
    manager.apply(OwnersLearned(owners=owners, mine=frozenset(manager.own)))
    named = {i.instance_reference for i in others if label is not None and i.owner == label}
    if named - owners.keys() - manager.awaited:
        # It has our name, and nobody has said so yet: look once more.
        asyncio.get_running_loop().call_later(LATE_S, manager.wake.set)
    manager.awaited = frozenset(named)
