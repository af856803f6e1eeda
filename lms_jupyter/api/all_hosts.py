"""`ps` of every host as one table: which host has what in memory."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from lms_jupyter.api.draw import compact, format_ttl, instance_fields
from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput, Table, count
from lms_jupyter.manager import Manager
from lms_jupyter.manager.all_hosts import HostMemory, memories
from lms_jupyter.protocol.models import Instance


class InstanceOnHost(Struct, frozen=True, kw_only=True):
    """A model in memory, and where."""

    host: str
    """The address."""
    host_name: str
    """What the user calls the host, or what it calls itself."""
    instance: Instance


async def instances_everywhere(manager: Manager) -> tuple[Table[InstanceOnHost], str]:
    """List what is in the memory of every host, and the same as JSON."""
    found = await memories(manager)
    rows = [
        InstanceOnHost(
            host=memory.host.address,
            host_name=memory.host.given_name or memory.host.name,
            instance=instance,
        )
        for memory in found
        for instance in sorted(memory.instances, key=lambda i: i.identifier)
    ]
    return Table(rows, lambda _: draw_all(found)), compact([_json(memory) for memory in found])


def draw_all(found: Sequence[HostMemory]) -> RichOutput:
    """Draw `%lms ps --all-hosts`; hosts that could not be asked stand below, with the reason."""
    answered = [memory for memory in found if not memory.problem]
    silent = [f"{m.host.place}: {m.problem}" for m in found if m.problem]
    rows = [
        (
            *(memory.host.given_name or memory.host.address, i.identifier, i.model_key),
            *(i.status.replace("_", "").upper(), format_size(i.size_bytes)),
            *(str(i.context_length), i.device_name or i.device or "Local"),
            format_ttl(i, memory.now),
        )
        for memory in answered
        for i in sorted(memory.instances, key=lambda i: i.identifier)
    ]
    hosts = count(len(answered), "host")
    if silent:
        hosts = f"{len(answered)} of {count(len(found), 'host')}"
    lead = f"{count(len(rows), 'model')} in memory on {hosts}." if found else "There is no host."
    heading = ("HOST", "IDENTIFIER", "MODEL", "STATUS", "SIZE", "CONTEXT", "DEVICE", "TTL")
    return RichOutput(lead, [(heading, rows)], after="\n".join(silent))


def _json(memory: HostMemory) -> dict[str, object]:
    host = msgspec.to_builtins(memory.host)
    return {
        "host": {key: host[key] for key in ("address", "name", "version", "given_name")},
        "problem": memory.problem or None,
        "instances": [instance_fields(instance) for instance in memory.instances],
    }
