"""The panel as plain HTML and text, for places where no widget can live."""

import time

from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.manager.duration import format_duration
from lms_jupyter.protocol.models import Instance
from lms_jupyter.protocol.slices import Activity

HEADING = ("IDENTIFIER", "MODEL", "CONTEXT", "SIZE", "TTL")


def snapshot_text(activity: Activity) -> str:
    """Return one line of plain text: how many models were in memory, and when."""
    names = ", ".join(instance.identifier for instance in activity.instances) or "nothing"
    return f"{_lead(activity)}: {names}"


def snapshot_html(activity: Activity) -> str:
    """Return a small table of what was in memory, with every name escaped.

    By the class of its element the page knows it in a saved notebook.
    """
    if activity.instances:
        drawing = RichOutput(_lead(activity), [(HEADING, [_row(i) for i in activity.instances])])
    else:
        drawing = RichOutput(f"{_lead(activity)}: nothing")
    return f'<div class="lms-Still">{drawing.html()}</div>'


def _row(instance: Instance) -> tuple[str, ...]:
    return (
        instance.identifier,
        instance.model_key,
        f"{instance.context_length:,}",
        format_size(instance.memory_bytes or instance.size_bytes),
        "no TTL" if instance.ttl_s is None else format_duration(instance.ttl_s),
    )


def _lead(activity: Activity) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(activity.now))
    return f"Models in memory of {activity.host.name} at {when}"
