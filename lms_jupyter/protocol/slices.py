"""What a front end sees: two slices for two speeds.

A slice is always whole. A higher `revision` wins; another `epoch` (a kernel restart, another host)
always wins.
"""

from msgspec import Struct

from lms_jupyter.protocol.models import (
    Download,
    HostInfo,
    Instance,
    LmLink,
    Load,
    Memory,
    Model,
    Problem,
)


class Catalog(Struct, frozen=True, kw_only=True, tag="catalog", tag_field="kind"):
    """What lies on the host's disk. Changes when the disk does."""

    epoch: str
    revision: int = 0
    models: tuple[Model, ...] = ()


class Activity(Struct, frozen=True, kw_only=True, tag="activity", tag_field="kind"):
    """What is in memory and what is happening to it. Changes by the second."""

    epoch: str
    revision: int = 0
    now: float
    """The host's clock when this slice was made: countdowns are reckoned from it."""
    host: HostInfo
    instances: tuple[Instance, ...] = ()
    loads: tuple[Load, ...] = ()
    downloads: tuple[Download, ...] = ()
    problems: tuple[Problem, ...] = ()
    memory: Memory | None = None
    lm_link: LmLink | None = None
    """The other machines, once something of theirs was met."""


Slice = Catalog | Activity
