"""The panel as plain HTML and text, for places where no widget can live."""

import html
import time

from lms_jupyter.protocol.models import Instance
from lms_jupyter.protocol.slices import Activity

HEADINGS = ("Identifier", "Model", "Context", "Size", "TTL")


def snapshot_text(activity: Activity) -> str:
    """Return one line of plain text: how many models were in memory, and when."""
    names = ", ".join(instance.identifier for instance in activity.instances) or "nothing"
    return f"Models in memory of {activity.host.name} at {_when(activity)}: {names}"


def snapshot_html(activity: Activity) -> str:
    """Return a small table of what was in memory, with every name escaped."""
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    body = "".join(f"<tr>{_cells(instance)}</tr>" for instance in activity.instances)
    caption = f"Models in memory of {html.escape(activity.host.name)} at {_when(activity)}"
    if not body:
        return f"<p>{caption}: nothing</p>"
    return (
        f"<table><caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(instance: Instance) -> str:
    size_bytes = instance.memory_bytes or instance.size_bytes
    cells = (
        instance.identifier,
        instance.model_key,
        f"{instance.context_length:,}",
        f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.1f} MB",  # noqa: PLR2004
        "stays loaded" if instance.ttl_s is None else f"{instance.ttl_s:g} s",
    )
    return "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)


def _when(activity: Activity) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(activity.now))
