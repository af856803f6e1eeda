"""A download on its way, as the manager keeps it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from lms_jupyter.hosts.base import Host, Offer


@dataclass(slots=True, kw_only=True)
class Fetch:
    """A download that has a row."""

    offer: Offer
    host: Host
    task: asyncio.Task[Any] | None = None
    """`None` while nothing moves."""
