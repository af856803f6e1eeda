"""What the rest of the package may ask of anything that speaks LM Studio's API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from lms_jupyter.protocol.models import (
    Estimate,
    HostInfo,
    Instance,
    Load,
    LoadConfig,
    Memory,
    Model,
)


class Sight(Struct, frozen=True, kw_only=True):
    """What is in memory, seen in one look."""

    now: float
    """The host's clock, Unix seconds."""
    instances: tuple[Instance, ...]
    loads: tuple[Load, ...] = ()
    """Loads in progress, of every client. Only hosts with the feature "activity" tell them."""
    memory: Memory | None = None


class LoadRequest(Struct, frozen=True, kw_only=True):
    """One load, asked of a host."""

    model_key: str
    load_id: str
    identifier: str | None = None
    ttl_s: float | None = None
    config: LoadConfig = LoadConfig()
    owner: str | None = None


class Loading(Struct, frozen=True, kw_only=True):
    """A load moved forward."""

    fraction: float


class Loaded(Struct, frozen=True, kw_only=True):
    """A load has ended well; the last thing a load says."""

    instance: Instance


LoadStep = Loading | Loaded


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

    async def models(self) -> tuple[Model, ...]:
        """List what is downloaded."""
        ...

    async def look(self) -> Sight:
        """Look at what is in memory."""
        ...

    def hints(self) -> AsyncIterator[Sight]:
        """Yield what is in memory whenever it changes; ends at once where the host cannot tell."""
        ...

    def load(self, request: LoadRequest) -> AsyncIterator[LoadStep]:
        """Make a new instance. Closing the iterator early calls the load off.

        Yields:
            `Loading` with a fraction that never falls, then one `Loaded`.

        Raises:
            ModelNotFoundError: No such model is downloaded.
            InstanceExistsError: The identifier is taken.
            LoadFailedError: The host could not load it.
        """
        ...

    async def cancel_load(self, load_id: str) -> None:
        """Call off a load that another client began, where the host has the feature."""
        ...

    async def unload(self, instance: Instance) -> None:
        """End an instance.

        Raises:
            InstanceNotFoundError: It is gone already.
        """
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A host, and why it is this one."""

    host: Host
    why: str
