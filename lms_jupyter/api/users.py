"""The users of a host, in words: as whom something was loaded, and who waits for whom."""

from lms_jupyter.api.tables import count
from lms_jupyter.protocol.models import Instance

OWNER = "the host's owner"
"""A user without a name."""


def waiting_lines(instance: Instance) -> list[str]:
    """Say who waits for whom at an instance: "ben waits for ada (2 requests)"."""
    return [
        f"{queued.user or OWNER} waits for "
        f"{' and '.join(name or OWNER for name in queued.waits_for) or 'a turn'} "
        f"({count(queued.requests, 'request')})"
        for queued in instance.waiting
    ]


def whose(instance: Instance, owner: str | None) -> str:
    """Say who loaded an instance, and as which user of the host."""
    if instance.user is None or instance.user == owner:
        return owner or ""
    return f"{owner} ({instance.user})" if owner else instance.user
