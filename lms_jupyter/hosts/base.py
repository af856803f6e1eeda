"""What the rest of the package may ask of anything that speaks LM Studio's API."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from msgspec import Struct

from lms_jupyter.hosts.deletion import Deleted
from lms_jupyter.hosts.download_plans import DownloadPlan
from lms_jupyter.hosts.prediction import Message, PredictionEvent, Sampling
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import (
    Estimate,
    HostInfo,
    Instance,
    Kind,
    LmLink,
    Load,
    LoadConfig,
    Memory,
    Model,
)
from lms_jupyter.protocol.record import Record


class GaveWay(Struct, frozen=True, kw_only=True):
    """An instance that the host has unloaded because another program needs the memory."""

    identifier: str
    instance_reference: str
    memory_bytes: int
    """What it gave back, on GPUs too."""
    to: str | None = None
    """The program that holds most of it, where that can be told."""
    pid: int | None = None
    at: float


class Snapshot(Struct, frozen=True, kw_only=True):
    """What is in memory, seen in one look."""

    now: float
    """The host's clock, Unix seconds."""
    instances: tuple[Instance, ...]
    loads: tuple[Load, ...] = ()
    """Loads in progress, of every client. Only hosts with the feature "activity" report them."""
    memory: Memory | None = None
    lm_link: LmLink | None = None
    gave_way: tuple[GaveWay, ...] = ()
    """What has left for other programs of late, oldest first; hosts with the feature "givesWay"."""


class LoadOrigin(Struct, frozen=True, kw_only=True):
    """Where a load comes from, beside what is asked."""

    load_id: str
    owner: str = ""
    """Who asks, in words: a notebook's name."""
    kind: Kind | None = None
    """Of the model, where the name is an identifier, which the host's disk does not know."""


class Loading(Struct, frozen=True, kw_only=True):
    """A load moved forward."""

    fraction: float


class Joined(Struct, frozen=True, kw_only=True):
    """The host waits for a load that is under way already, for whomever."""

    load_id: str | None
    """Which one; `None`: that one ended without an instance, and a load of our own begins."""


class Evicting(Struct, frozen=True, kw_only=True):
    """The host unloads another instance to make room."""

    identifier: str


class Loaded(Struct, frozen=True, kw_only=True):
    """A load has ended well; the last thing a load says."""

    instance: Instance
    was_there: bool = False
    """Whether nothing had to be loaded."""


Reason = Literal["unloaded", "forgotten", "reloading", "abandoned"]
"""Why we end an instance: somebody wants it gone, or also what is kept of its prompts (hosts with
the feature "forget"), it comes back at once with other settings, or nobody held it any more. The
first two are decisions against it."""


class Departure(Struct, frozen=True, kw_only=True):
    """Why an instance is gone."""

    why: str
    """One of `Reason`, or what the host did by itself: "expired", "evicted", "crashed", …"""
    by: str = ""
    """Who ended it, where that is known."""

    @property
    def is_decision(self) -> bool:
        """Whether somebody has ended it on purpose, so that it is to stay away."""
        return self.why in ("unloaded", "forgotten")


LoadStep = Loading | Joined | Evicting | Loaded


class Downloading(Struct, frozen=True, kw_only=True):
    """A download moved forward."""

    downloaded_bytes: int
    total_bytes: int
    bytes_per_second: float = 0.0
    queue_position: int = 0
    """Its place among those that wait; 0 once it has begun."""


class Downloaded(Struct, frozen=True, kw_only=True):
    """A download has ended well; the last thing a download says."""

    model_key: str


DownloadStep = Downloading | Downloaded


class Offer(Struct, frozen=True, kw_only=True):
    """A file that the host can download."""

    name: str
    download_id: str
    size_bytes: int
    quantization: str | None = None
    recommended: bool = False
    fits: bool = True
    """Whether the host thinks that it could be loaded there."""
    bytes_per_second: float | None = None
    """How fast it may come at most, where the host can be told; 0 is as fast as it can."""


def pauses_downloads(host: HostInfo) -> bool:
    """Whether a download that nobody follows any more stops, and goes on when asked for again."""
    return "activity" in host.features


def pushes_changes(host: HostInfo) -> bool:
    """Whether a host sends a snapshot by itself when something changes."""
    return "activity" in host.features


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is wanted of what a host has logged before."""

    last: int
    """How many entries, at most."""
    kinds: tuple[str, ...] = ("",)
    """Of which kinds, or how these kinds begin."""
    identifier: str | None = None
    """Of this instance alone."""
    caught_up: Callable[[], None] = lambda: None
    """Called when all of it has been sent, at once if the host keeps nothing."""


def remembers_its_log(host: HostInfo) -> bool:
    """Whether a host keeps what it has logged."""
    return "pastLog" in host.features


class LogEntry(Record, Struct, frozen=True, kw_only=True):
    """One line of the host's log."""

    at: float
    """Unix seconds, by the host's clock."""
    kind: str
    """As the host calls it: `llm.prediction.input`, `server.log`, …"""
    text: str
    level: str = "info"
    identifier: str | None = None
    past: bool = False
    """Logged before it was listened to."""


class Host(Protocol):
    """A handful of async methods, all called on one event loop.

    Every method raises an `LmsError`; a foreign exception never gets past the door.
    """

    @property
    def info(self) -> HostInfo:
        """Who this is, as far as is known: `link` is the manager's to judge."""
        ...

    async def connect(self) -> None:
        """Reach the host and learn its name, version and features. Again after a loss.

        Raises:
            HostUnreachableError: Nobody answers, or somebody who is no LM Studio host.
            HostRefusedError: It does not let us in.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection. The host itself goes on, and so do its instances."""
        ...

    async def check(self, kind: Kind) -> None:
        """Ask something small over the connection that a load of this kind takes.

        Raises:
            HostUnreachableError: The connection is lost; nothing that is sent now would arrive.
        """
        ...

    async def gone(self) -> None:
        """Return when the connection is lost; where that cannot be seen, never."""
        ...

    async def models(self) -> tuple[Model, ...]:
        """List what is downloaded."""
        ...

    async def poll(self) -> Snapshot:
        """Look at what is in memory."""
        ...

    def subscribe(self) -> AsyncIterator[Snapshot]:
        """Yield what is in memory on every change; ends at once where the host cannot send it."""
        ...

    def load(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Make a new instance. Closing the iterator early calls the load off.

        Of the request its mode, lease and reload are not looked at: they are the manager's.

        Yields:
            `Loading` with a fraction that never falls, then one `Loaded`.

        Raises:
            ModelNotFoundError: No such model is downloaded.
            InstanceExistsError: The identifier is taken.
            LoadFailedError: The host could not load it.
        """
        ...

    def use(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Take the instance of this name or key as it is, else load it just in time.

        Raises as `load` does; `identifier` of the request is not looked at.
        """
        ...

    async def cancel_load(self, load_id: str) -> None:
        """Call off a load that another client began, where the host has the feature."""
        ...

    async def unload(self, instance: Instance, why: Reason = "unloaded", *, by: str = "") -> None:
        """End an instance; hosts with the feature "departures" remember why, and by whom.

        Raises:
            InstanceNotFoundError: It is gone already.
        """
        ...

    async def departure(self, instance_reference: str) -> Departure | None:
        """Say why an instance went; `None` where the host does not know or cannot report it."""
        ...

    async def set_ttl(self, instance: Instance, ttl_s: float | None) -> None:
        """Give an instance another TTL that counts from now; hosts with the feature "ttl"."""
        ...

    async def pin(self, instance: Instance, *, pinned: bool) -> None:
        """Keep an instance from expiring, or no longer; hosts with the feature "pin"."""
        ...

    async def load_config(self, instance: Instance) -> LoadConfig:
        """Return the load config in effect, which may differ from what was asked."""
        ...

    async def estimate(self, model: Model, config: LoadConfig) -> Estimate:
        """Reckon what a load would take."""
        ...

    async def variants(self, model: Model) -> tuple[Model, ...]:
        """List the quantisations of a model, each as a model; empty where the host has none."""
        ...

    def respond(
        self, instance: Instance, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[PredictionEvent]:
        """Continue a conversation. Closing the iterator early stops the generation.

        Yields:
            `PredictionFragment`s, then one `PredictionStats`.

        Raises:
            InstanceNotFoundError: It is gone.
        """
        ...

    async def delete_model(self, model_key: str, *, permanently: bool) -> Deleted:
        """Take a model off the disk, to the bin where there is one; "deleteModel" alone can.

        Raises:
            HostError: It is in memory, something is made of it, or the disk does not allow it.
            ModelNotFoundError: It is gone already.
        """
        ...

    async def search(self, words: str) -> tuple[str, ...]:
        """Name what could be downloaded, best first."""
        ...

    async def offers(self, name: str) -> tuple[Offer, ...]:
        """List the files of something that `search` named."""
        ...

    async def plan(self, name: str, quantization: str | None) -> DownloadPlan:
        """Say what would be fetched under a name, and what there is to choose from."""
        ...

    def download(self, offer: Offer) -> AsyncIterator[DownloadStep]:
        """Fetch a file to the host's disk, or go on with what was begun before.

        Closing the iterator early pauses it where `pauses_downloads` says so; other hosts are told
        to call it off.

        Raises:
            DownloadFailedError: It could not be fetched.
        """
        ...

    async def discard(self, offer: Offer) -> None:
        """Call a download off, whoever began it, and remove what there is of it.

        Raises:
            CommandError: This host has no call for that.
        """
        ...

    def log(self, past: Past | None = None) -> AsyncIterator[LogEntry]:
        """Yield what the host logs from now on, until the iterator is closed.

        Args:
            past: What comes first of what was logged before, from a host that `remembers_its_log`.
        """
        ...

    async def serve(self, *, on: bool, port: int | None = None, cors: bool = False) -> None:
        """Start or stop the HTTP server of a host that has one apart from this connection.

        Raises:
            CommandError: This host has none that could be switched.
        """
        ...

    async def extension(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask what only hosts with a feature for it answer; see `hosts.diary`, `hosts.keeping`."""
        ...

    async def runtime(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask about builds of llama.cpp, which `hosts.runtimes` reads.

        Raises:
            HostTimeoutError: This host knows of no such question.
        """
        ...

    async def link(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask about its LM Link, or change it; `hosts.link_status` reads the answers.

        Raises:
            HostTimeoutError: This host knows of no such question.
            HostError: It has no LM Link.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A host, and why it is this one."""

    host: Host
    why: str
