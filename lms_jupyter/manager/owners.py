"""Whose an instance is, where the host does not tell: kernels write down what they load."""

from lms_jupyter.manager.events import OwnersLearned
from lms_jupyter.manager.manager import Manager


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
