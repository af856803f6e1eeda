"""The host that a manager has now, as one that outlives the loss of a connection.

A host is restarted, a tunnel is opened anew, an engine comes back on another port: whoever asks
something meets the loss first. What only reads is asked again of the host that is found then.
What changes something is asked once, after a question that shows whether the connection stands:
a load is never asked for a second time when the host may have heard the first.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from lms_jupyter.errors import HostTimeoutError, HostUnreachableError
from lms_jupyter.hosts.base import (
    Departure,
    DownloadStep,
    Host,
    LoadOrigin,
    LoadStep,
    LogEntry,
    Offer,
    Past,
    Reason,
    Snapshot,
)
from lms_jupyter.hosts.deletion import Deleted
from lms_jupyter.hosts.download_plans import DownloadPlan
from lms_jupyter.hosts.prediction import Message, PredictionEvent, PredictionStats, Sampling
from lms_jupyter.manager import link
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Estimate, HostInfo, Instance, Kind, LoadConfig, Model

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager

Answer = TypeVar("Answer")


class SteadyHost:
    """A `Host` that passes everything on to the one that the manager has."""

    def __init__(self, manager: "Manager") -> None:
        self._manager = manager
        self._in_use: Counter[Host] = Counter()
        self._retired: set[Host] = set()

    @property
    def info(self) -> HostInfo:
        """Who the host is, or who it was when it was last there."""
        host = self._manager.reached
        return self._manager.activity.host if host is None else host.info

    async def connect(self) -> None:
        """Find a host unless there is one; see `Host.connect`."""
        await link.connect(self._manager)

    async def close(self) -> None:
        """Let go of the host; the next question finds one again."""
        if (host := self._manager.reached) is not None:
            self._manager.set_host(None)
            await host.close()

    def retire(self, host: Host) -> None:
        """Close a host that is ours no more, once nothing is under way on it."""
        if self._in_use[host] > 0:
            self._retired.add(host)
        else:
            self._close(host)

    async def check(self, kind: Kind) -> None:
        """Ask something small; see `Host.check`."""
        await self._read(lambda host: host.check(kind))

    async def gone(self) -> None:
        """Return when the connection is lost; see `Host.gone`."""
        await (await link.reached(self._manager)).gone()

    async def models(self) -> tuple[Model, ...]:
        """List what is downloaded; see `Host.models`."""
        return await self._read(lambda host: host.models())

    async def poll(self) -> Snapshot:
        """Look at what is in memory; see `Host.poll`."""
        return await self._read(lambda host: host.poll())

    async def subscribe(self) -> AsyncIterator[Snapshot]:
        """Yield what is in memory whenever it changes; see `Host.subscribe`."""
        host = await link.reached(self._manager)
        with self._using(host):
            async with aclosing(host.subscribe()) as snapshots:  # type: ignore[type-var]
                async for snapshot in snapshots:
                    yield snapshot

    async def load(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Make a new instance; see `Host.load`."""
        host = await self._checked(by.kind or "llm")
        with self._using(host):
            async with aclosing(host.load(request, by)) as steps:  # type: ignore[type-var]
                async for step in steps:
                    yield step

    async def use(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Take the instance of this name or key as it is, else load it; see `Host.use`."""
        host = await self._checked(by.kind or "llm")
        with self._using(host):
            async with aclosing(host.use(request, by)) as steps:  # type: ignore[type-var]
                async for step in steps:
                    yield step

    async def cancel_load(self, load_id: str) -> None:
        """Call off a load that another client began; see `Host.cancel_load`."""
        await self._read(lambda host: host.cancel_load(load_id))

    async def unload(self, instance: Instance, why: Reason = "unloaded", *, by: str = "") -> None:
        """End an instance; see `Host.unload`."""
        host = await self._checked(instance.kind)
        with self._using(host):
            await host.unload(instance, why, by=by)

    async def departure(self, instance_reference: str) -> Departure | None:
        """Say why an instance went; see `Host.departure`."""
        return await self._read(lambda host: host.departure(instance_reference))

    async def set_ttl(self, instance: Instance, ttl_s: float | None) -> None:
        """Give an instance another TTL that counts from now; see `Host.set_ttl`."""
        await self._read(lambda host: host.set_ttl(instance, ttl_s))

    async def delete_model(self, model_key: str, *, permanently: bool) -> Deleted:
        """Take a model off the disk; see `Host.delete_model`."""
        host = await self._checked("llm")
        with self._using(host):
            return await host.delete_model(model_key, permanently=permanently)

    async def pin(self, instance: Instance, *, pinned: bool) -> None:
        """Keep an instance from expiring, or no longer; see `Host.pin`."""
        await self._read(lambda host: host.pin(instance, pinned=pinned))

    async def load_config(self, instance: Instance) -> LoadConfig:
        """Return the load config in effect; see `Host.load_config`."""
        return await self._read(lambda host: host.load_config(instance))

    async def estimate(self, model: Model, config: LoadConfig) -> Estimate:
        """Reckon what a load would take; see `Host.estimate`."""
        return await self._read(lambda host: host.estimate(model, config), patient=True)

    async def variants(self, model: Model) -> tuple[Model, ...]:
        """List the quantisations of a model; see `Host.variants`."""
        return await self._read(lambda host: host.variants(model), patient=True)

    async def respond(
        self, instance: Instance, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[PredictionEvent]:
        """Continue a conversation; see `Host.respond`."""
        host, began = await self._checked("llm"), time.time()
        with self._using(host):
            async with aclosing(host.respond(instance, messages, sampling)) as steps:  # type: ignore[type-var]
                async for step in steps:
                    if isinstance(step, PredictionStats) and self._manager.observed is not None:
                        self._manager.observed.answered(host.info, instance, step, began)
                    yield step

    async def search(self, words: str) -> tuple[str, ...]:
        """Name what could be downloaded; see `Host.search`."""
        return await self._read(lambda host: host.search(words), patient=True)

    async def offers(self, name: str) -> tuple[Offer, ...]:
        """List the files of something that `search` named; see `Host.offers`."""
        return await self._read(lambda host: host.offers(name), patient=True)

    async def plan(self, name: str, quantization: str | None) -> DownloadPlan:
        """Say what would be fetched; see `Host.plan`."""
        return await self._read(lambda host: host.plan(name, quantization), patient=True)

    async def download(self, offer: Offer) -> AsyncIterator[DownloadStep]:
        """Fetch a file to the host's disk; see `Host.download`."""
        host = await self._checked("llm")
        with self._using(host):
            async with aclosing(host.download(offer)) as steps:  # type: ignore[type-var]
                async for step in steps:
                    yield step

    async def discard(self, offer: Offer) -> None:
        """Call a download off; see `Host.discard`."""
        await self._read(lambda host: host.discard(offer), patient=True)

    async def log(self, past: Past | None = None) -> AsyncIterator[LogEntry]:
        """Yield what the host logs from now on; see `Host.log`."""
        host = await self._checked("llm")
        with self._using(host):
            async with aclosing(host.log(past)) as entries:  # type: ignore[type-var]
                async for entry in entries:
                    yield entry

    async def serve(self, *, on: bool, port: int | None = None, cors: bool = False) -> None:
        """Start or stop the HTTP server of the host; see `Host.serve`."""
        await self._read(lambda host: host.serve(on=on, port=port, cors=cors), patient=True)

    async def extension(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask what is beyond LM Studio; see `Host.extension`."""
        return await self._read(lambda host: host.extension(endpoint, parameters), patient=True)

    async def runtime(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask about builds of llama.cpp; see `Host.runtime`."""
        return await self._read(lambda host: host.runtime(endpoint, parameters), patient=True)

    async def link(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask about its LM Link, or change it; see `Host.link`."""
        return await self._read(lambda host: host.link(endpoint, parameters), patient=True)

    async def _read(
        self, ask: Callable[[Host], Awaitable[Answer]], *, patient: bool = False
    ) -> Answer:
        """Ask what may be asked twice; once more if the connection turns out to be lost.

        Args:
            ask: The question.
            patient: A host that leaves it unanswered is well all the same.
        """
        host = await link.reached(self._manager)
        try:
            return await ask(host)
        except HostUnreachableError:
            host = await link.recover(host, self._manager)
        except HostTimeoutError:
            if not patient:
                link.lose(host, self._manager)
            raise
        with self._using(host):
            return await ask(host)

    async def _checked(self, kind: Kind) -> Host:
        """Return a host that has just answered where a request of this kind goes."""
        await self.check(kind)
        return await link.reached(self._manager)

    def _close(self, host: Host) -> None:
        if not self._manager.has(host):
            self._manager.spawn(host.close())

    @contextmanager
    def _using(self, host: Host) -> Iterator[None]:
        """Keep a host from being closed meanwhile; let go of it if it turns out to be gone."""
        self._in_use[host] += 1
        try:
            yield
        except HostUnreachableError:
            link.lose(host, self._manager)
            raise
        finally:
            self._in_use[host] -= 1
            if not self._in_use[host]:
                del self._in_use[host]
                if host in self._retired:
                    self._retired.discard(host)
                    self._close(host)
