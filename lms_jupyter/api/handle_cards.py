"""A handle as the value of a cell: what its instance does now, and how long it stays."""

from typing import TYPE_CHECKING

from lms_jupyter.api.draw import format_ttl
from lms_jupyter.api.pools import gpu_bytes
from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.manager import Manager

if TYPE_CHECKING:
    from lms_jupyter.hosts.lifeline import Seen


def draw_handle(identifier: str, seen: "Seen", manager: Manager) -> RichOutput:
    """Draw a handle from what the manager has seen last; no host is asked.

    Args:
        identifier: What its instance is called.
        seen: Which instance it is.
        manager: Whose host it is on.
    """
    activity = manager.activity
    found = next(
        (
            instance
            for instance in activity.instances
            if instance.instance_reference == seen.instance_reference
        ),
        None,
    )
    if found is None:
        return RichOutput(
            f"{identifier} is not in memory now: its next use loads it again, or says why not."
        )
    facts = {
        "MODEL": found.model_key,
        "STATUS": found.status.replace("_", " "),
        "TIME LEFT": format_ttl(found, manager.host_now()) or "until it is unloaded",
        "CONTEXT": f"{found.context_length:,} tokens",
        "MEMORY": format_size(found.memory_bytes or found.size_bytes),
        "GPU MEMORY": format_size(gpu_bytes(found)) if found.gpu_memory else "",
        "HOST": f"{activity.host.title} at {activity.host.address}",
        "DEVICE": found.device_name or found.device or "",
    }
    rows = [(name, value) for name, value in facts.items() if value]
    return RichOutput(f"{identifier} is in memory.", [(("", ""), rows)], has_heading=False)
