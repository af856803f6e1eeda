"""Whose an instance is, where the host does not tell: kernels write down what they load."""

from lms_jupyter.manager.events import OwnersLearned
from lms_jupyter.manager.manager import Manager


def learn_owners(manager: Manager) -> None:
    """Tell who loaded the instances that nobody is known to own; no files are read if all are."""
    instances = manager.activity.instances
    mine = frozenset(manager.own)
    unclaimed = [i for i in instances if i.owner is None and not i.mine]
    forgotten = any(i.instance_reference in mine and not i.mine for i in instances)
    if manager.leases is None or not (unclaimed or forgotten):
        return
    owners = {
        lease.instance_reference: lease.holder.label
        for lease in manager.leases.of(manager.activity.host.address)
        if lease.loaded
    }
    manager.apply(OwnersLearned(owners=owners, mine=mine))
