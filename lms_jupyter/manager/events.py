"""What happened: facts in the past tense. Only `reduce` says what they mean for a slice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lms_jupyter.hosts.base import Downloading, Snapshot
from lms_jupyter.manager.identity import Identity
from lms_jupyter.protocol.models import (
    Difference,
    Download,
    DownloadState,
    HostInfo,
    Instance,
    Load,
    Model,
    Problem,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConnected:
    """The host answered, and we know who it is."""

    info: HostInfo
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLost:
    """The host stopped answering. What we last saw is kept, and shown as old."""

    at: float
    retry_at: float | None = None
    """When it is tried again; `None`: when somebody looks or asks."""
    asleep: bool = False
    """LM Studio is installed and does not run, and nobody has said that it may be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Whose the instances are: kernels have written down what they loaded and what they use."""

    owners: Mapping[str, str]
    """What people call the owner, by the reference of the instance."""
    mine: frozenset[str]
    """References of what this kernel loaded, be it before it was restarted."""
    users: Mapping[str, tuple[str, ...]]
    """What people call the other kernels that use an instance, by its reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """We know what is in memory now, and whose it is: polled from the host or sent by it."""

    snapshot: Snapshot | None = None
    """What the host reported; `None`: only what kernels have written down was read again."""
    ownership: Ownership | None = None
    """`None`: nothing is written down here."""
    kernels: Mapping[int, Identity] = field(default_factory=dict)
    """The kernels that run on the host's own machine, by the numbers of their processes: those
    that hold memory of a GPU, and those whose children do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsListed:
    """The host listed what is on its disk."""

    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStarted:
    """A load of ours began."""

    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgressed:
    """A load of ours moved forward."""

    load_id: str
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadJoined:
    """A load of ours turned out to be a wait for another's: one row is enough for both."""

    load_id: str
    joined: str | None
    """The load that is waited for; `None`: ours goes on by itself now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCancelling:
    """Somebody called a load off; the host has not said yet that it stopped."""

    load_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEnded:
    """A load of ours is over, well or not."""

    load_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLoaded:
    """An instance of ours is in memory."""

    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCompared:
    """We know where an instance of ours differs from what was asked."""

    instance_reference: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceUnloaded:
    """An instance is gone, by our doing."""

    instance_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadStarted:
    """A download began, or goes on."""

    download: Download


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadMoved:
    """A download moved forward."""

    download_id: str
    step: Downloading


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadStopped:
    """A download was paused, or failed; it can go on."""

    download_id: str
    state: DownloadState
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadEnded:
    """A download is done, or was called off."""

    download_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed:
    """A command that was taken could not be carried out."""

    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryGivenBack:
    """The host has unloaded an instance because another program needs the memory."""

    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDismissed:
    """Somebody has read a problem."""

    problem_id: str


Event = (
    HostConnected
    | HostLost
    | Polled
    | ModelsListed
    | LoadStarted
    | LoadProgressed
    | LoadJoined
    | LoadCancelling
    | LoadEnded
    | InstanceLoaded
    | InstanceCompared
    | InstanceUnloaded
    | DownloadStarted
    | DownloadMoved
    | DownloadStopped
    | DownloadEnded
    | CommandFailed
    | MemoryGivenBack
    | ProblemDismissed
)
