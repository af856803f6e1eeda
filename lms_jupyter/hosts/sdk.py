"""LM Studio over its websocket, through the official SDK. The embedded engine is one of these."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any

import lmstudio

from lms_jupyter.errors import CommandError, HostTimeoutError
from lms_jupyter.hosts import decode, kv_config, rest, runtimes, sdk_plans, sdk_streams
from lms_jupyter.hosts.accounts import watched
from lms_jupyter.hosts.base import (
    Departure,
    DownloadStep,
    Loaded,
    LoadOrigin,
    LoadStep,
    LogEntry,
    Offer,
    Past,
    Reason,
    Snapshot,
    pauses_downloads,
)
from lms_jupyter.hosts.channel import Parameters, lost
from lms_jupyter.hosts.credentials import let_in, new_client, token_for
from lms_jupyter.hosts.deletion import DeletesModels
from lms_jupyter.hosts.download_plans import DownloadPlan
from lms_jupyter.hosts.downloads import DownloadJobs, discard
from lms_jupyter.hosts.host_names import given_name
from lms_jupyter.hosts.instance_states import InstanceStates
from lms_jupyter.hosts.lm_link import Devices, on_device, speaker, specifier
from lms_jupyter.hosts.newer import NEWER, NEWER_TIMEOUT_S
from lms_jupyter.hosts.prediction import Message, PredictionEvent, Sampling
from lms_jupyter.hosts.sdk_errors import translated
from lms_jupyter.hosts.sdk_loads import Loads, broken_off, load_parameters
from lms_jupyter.hosts.sdk_private import AsyncSession
from lms_jupyter.hosts.sdk_sockets import QuickClient
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Estimate, HostInfo, Instance, Kind, LoadConfig, Model

KINDS: tuple[Kind, ...] = ("llm", "embedding")
CALL_TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 10.0


class SdkHost(DeletesModels):
    """A host at an address. All methods are called on one event loop."""

    def __init__(
        self, address: str, *, token: str | None = None, greeting: rest.Greeting | None = None
    ) -> None:
        self._greeting = greeting
        self._address = address
        self._token = token
        self._client: lmstudio.AsyncClient | None = None
        self._resources = AsyncExitStack()
        self._kinds: dict[str, Kind] = {}
        self._unanswered: set[str] = set()
        self._loads = Loads(self.unload)
        self._states = InstanceStates(self._state)
        self._devices = Devices(lambda: self.link("lmLinkStatus"))
        self.info = HostInfo(name="LM Studio", address=address)

    async def connect(self) -> None:
        """Reach the host; see `Host.connect`."""
        await self.close()
        self._unanswered.clear()
        # Whoever found it has just been greeted.
        greeting = self._greeting or await rest.greet(self._address)
        self._greeting = None
        token = await asyncio.to_thread(token_for, self._address) or self._token
        client = new_client(QuickClient, self._address, token)
        with translated(self._address), let_in(self._address, token):
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await self._resources.enter_async_context(client)
            except TimeoutError as error:
                raise lmstudio.LMStudioTimeoutError("connect") from error
        self._client = client
        self.info = greeting.info(await asyncio.to_thread(given_name, self._address))

    async def close(self) -> None:
        """Let go of the sockets; see `Host.close`."""
        self._client = None
        await self._loads.close()
        await self._states.close()
        await self._devices.close()
        # A socket that is gone already has nothing left to close.
        with contextlib.suppress(lmstudio.LMStudioError, OSError):
            await self._resources.aclose()

    async def check(self, kind: Kind) -> None:
        """Ask something small where a load of this kind would go; see `Host.check`."""
        await self._call(kind, "listLoaded")

    async def gone(self) -> None:
        """Return when one of the connections is lost; see `Host.gone`."""
        with translated(self._address):
            sessions = [self._session(name) for name in (*KINDS, "system")]
        waiting = [asyncio.ensure_future(lost(session)) for session in sessions]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def models(self) -> tuple[Model, ...]:
        """List what is downloaded; see `Host.models`."""
        listed = decode.models(await self._call("system", "listDownloadedModels"))
        models = await self._devices.named(listed, anew=True)
        self._kinds = {
            name: model.kind
            for model in models
            for name in (model.model_key, model.path, *model.variants)
        }
        return models

    async def poll(self) -> Snapshot:
        """Look at what is in memory; see `Host.poll`."""
        if "activity" in self.info.features:
            return decode.snapshot(await self._call("system", "getActivity"))
        lists = [decode.listed(await self._call(kind, "listLoaded")) for kind in KINDS]
        found = await self._states.of([raw for raws in lists for raw in raws])
        instances = await self._devices.named(found)
        return Snapshot(now=time.time(), instances=instances, lm_link=self._devices.link())

    async def subscribe(self) -> AsyncIterator[Snapshot]:
        """Yield what is in memory whenever it changes; see `Host.subscribe`."""
        if "activity" not in self.info.features:
            return
        with translated(self._address):
            async with aclosing(watched(self._session("system"))) as snapshots:
                async for snapshot in snapshots:
                    yield snapshot

    async def load(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Make a new instance; see `Host.load`. Closing the iterator early calls it off."""
        kind = by.kind or await self._kind(request.model_key)
        parameters = load_parameters(request, by, kind, self.info) | {"modelKey": request.model_key}
        if request.identifier is not None:
            parameters["identifier"] = request.identifier
        if request.ttl_s is not None:
            parameters["ttlMs"] = max(1, round(request.ttl_s * 1000))
        if request.join and "join" in self.info.features:
            parameters["join"] = True
        async with aclosing(self._drive("loadModel", kind, parameters, request)) as steps:
            async for step in steps:
                yield step

    async def use(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Take what is in memory as it is, else load it; see `Host.use`."""
        kind = by.kind or await self._kind(request.model_key)
        parameters = load_parameters(request, by, kind, self.info) | {
            "identifier": request.model_key
        }
        if request.ttl_s is not None:
            parameters["loadTtlMs"] = max(1, round(request.ttl_s * 1000))
        async with aclosing(self._drive("getOrLoad", kind, parameters, request)) as steps:
            async for step in steps:
                yield step

    async def cancel_load(self, load_id: str) -> None:
        """Call off another client's load; see `Host.cancel_load`."""
        await self._call("system", "cancelLoad", {"loadId": load_id})

    async def unload(self, instance: Instance, why: Reason = "unloaded", *, by: str = "") -> None:
        """End an instance; see `Host.unload`."""
        reason = {"why": why, "owner": by} if "departures" in self.info.features else {}
        await self._call(
            instance.kind,
            "unloadModel",
            on_device(instance) | reason,
            subject=instance.identifier,
        )

    async def departure(self, instance_reference: str) -> Departure | None:
        """Say why an instance went; see `Host.departure`."""
        if "departures" not in self.info.features:
            return None
        raw = await self._call("system", "getDeparture", {"instanceReference": instance_reference})
        return decode.departure(raw)

    async def set_ttl(self, instance: Instance, ttl_s: float | None) -> None:
        """Give an instance another TTL that counts from now; see `Host.set_ttl`."""
        ttl_ms = None if ttl_s is None else max(1, round(ttl_s * 1000))
        await self._call(
            "system",
            "setInstanceTtl",
            on_device(instance) | {"ttlMs": ttl_ms, "restart": True},
            subject=instance.identifier,
        )

    async def pin(self, instance: Instance, *, pinned: bool) -> None:
        """Keep an instance from expiring, or no longer; see `Host.pin`."""
        await self._call(
            "system",
            "pinInstance",
            on_device(instance) | {"pinned": pinned},
            subject=instance.identifier,
        )

    async def load_config(self, instance: Instance) -> LoadConfig:
        """Return the load config in effect; see `Host.load_config`."""
        raw = await self._call(
            instance.kind,
            "getLoadConfig",
            {"specifier": specifier(instance)},
            subject=instance.identifier,
        )
        return kv_config.parse(kv_config.fields_of(raw), instance.kind, instance.format)

    async def estimate(self, model: Model, config: LoadConfig) -> Estimate:
        """Reckon what a load would take; see `Host.estimate`."""
        asked = {
            "modelKey": model.model_key,
            "deviceIdentifier": model.device,
            "loadConfigStack": kv_config.stack(config, model.kind),
            **({"withSource": True} if "keep" in self.info.features else {}),
        }
        raw = await self._call(model.kind, "estimateModelUsage", asked, subject=model.model_key)
        return decode.estimate(raw)

    async def variants(self, model: Model) -> tuple[Model, ...]:
        """List the quantisations of a model; see `Host.variants`."""
        if not model.variants:
            return ()
        raws = await self._call(
            "system",
            "listDownloadedModelVariants",
            {"modelKey": model.model_key},
            subject=model.model_key,
        )
        return decode.models(raws)

    async def respond(
        self, instance: Instance, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[PredictionEvent]:
        """Continue a conversation; see `Host.respond`."""
        with translated(self._address, subject=instance.identifier):
            answer = sdk_streams.answer(
                self._session("llm"),
                self._session("files"),
                speaker(instance),
                messages,
                sampling,
            )
            async with aclosing(answer) as steps:  # type: ignore[type-var]
                async for step in steps:
                    yield step

    async def search(self, words: str) -> tuple[str, ...]:
        """Name what could be downloaded; see `Host.search`."""
        results = await self._call("repository", "searchModels", {"opts": {"searchTerm": words}})
        return sdk_streams.names(results)

    async def offers(self, name: str) -> tuple[Offer, ...]:
        """List the files of something that can be downloaded; see `Host.offers`."""
        identifier = {"type": "hf" if "/" in name else "catalog", "identifier": name}
        options = await self._call(
            "repository",
            "getModelDownloadOptions",
            {"modelSearchResultIdentifier": identifier},
            subject=name,
        )
        return sdk_streams.offers(options)

    async def plan(self, name: str, quantization: str | None) -> DownloadPlan:
        """Say what would be fetched; see `Host.plan`."""
        with translated(self._address, subject=name):
            return await sdk_plans.plan(self._session("repository"), name, quantization)

    async def download(self, offer: Offer) -> AsyncIterator[DownloadStep]:
        """Fetch a file to the host's disk; see `Host.download`."""
        if pauses_downloads(self.info):
            async with aclosing(DownloadJobs(self._address, self._token).follow(offer)) as moves:
                async for move in moves:
                    yield move
            # All is there by now: only the key is still to be learnt.
        with translated(self._address, subject=offer.name):
            downloading = sdk_streams.download_steps(self._session("repository"), offer)
            async with aclosing(downloading) as steps:  # type: ignore[type-var]
                async for step in steps:
                    yield step

    async def discard(self, offer: Offer) -> None:
        """Call a download off and remove what there is of it; see `Host.discard`."""
        await discard(self.info, offer, self._token)

    async def log(self, past: Past | None = None) -> AsyncIterator[LogEntry]:
        """Yield what the host logs from now on; see `Host.log`."""
        with translated(self._address):
            if self._client is None:
                raise lmstudio.LMStudioWebsocketError("not connected")
            log = sdk_streams.log_entries(self._client, self.info, past)
            async with aclosing(log) as entries:  # type: ignore[type-var]
                async for entry in entries:
                    yield entry

    async def serve(self, *, on: bool, port: int | None = None, cors: bool = False) -> None:
        """Start or stop LM Studio's HTTP server; see `Host.serve`."""
        if "activity" in self.info.features:
            raise CommandError(
                "The embedded engine has one server, and it always runs.",
                hint="`%lms host stop` ends the engine.",
            )
        asked: dict[str, Any] = {"cors": cors} | ({"port": port} if port else {})
        call = ("startHttpServer", asked) if on else ("stopHttpServer", None)
        await self._call("system", *call)

    async def runtime(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask about builds of llama.cpp; see `Host.runtime`."""
        with translated(self._address):
            return await runtimes.ask(self._client, endpoint, parameters)

    async def link(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask about its LM Link, or change it; see `Host.link`."""
        return await self._call("repository", endpoint, parameters)

    async def extension(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Ask what is beyond LM Studio; see `Host.extension`."""
        return await self._call("system", endpoint, parameters)

    async def _drive(
        self, endpoint: str, kind: Kind, parameters: Mapping[str, Any], request: LoadRequest
    ) -> AsyncGenerator[LoadStep]:
        """Follow a load to its end, or call it off if nobody follows any more."""
        subject = request.identifier or request.model_key
        ended = False
        with translated(self._address, subject=subject, loading=True):
            steps = self._loads.drive(self._session(kind), endpoint, parameters)
            async with aclosing(steps):
                async for step in steps:
                    ended = isinstance(step, Loaded)
                    yield await self._devices.placed(step)
        if not ended:
            raise broken_off(request.model_key)

    def _session(self, namespace: str) -> AsyncSession:
        if self._client is None:
            raise lmstudio.LMStudioWebsocketError("not connected")
        return getattr(self._client, namespace)  # type: ignore[no-any-return]

    async def _call(
        self,
        namespace: str,
        endpoint: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        subject: str = "",
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Any:
        """Make one remote call and return the raw answer, bounded in time."""
        if endpoint in self._unanswered:
            raise self._too_old(endpoint)
        if endpoint in NEWER:
            timeout_s = NEWER_TIMEOUT_S
        with translated(self._address, subject=subject):
            call: Any = self._session(namespace).remote_call
            payload = None if parameters is None else Parameters(parameters)
            try:
                async with asyncio.timeout(timeout_s):
                    return await call(endpoint, payload)
            except TimeoutError as error:
                if endpoint in NEWER:
                    self._unanswered.add(endpoint)
                    raise self._too_old(endpoint) from None
                raise lmstudio.LMStudioTimeoutError(endpoint) from error

    def _too_old(self, endpoint: str) -> HostTimeoutError:
        """Return the error for a question that this host leaves unanswered."""
        return HostTimeoutError(
            f"{self.info.title} at {self._address} does not answer when it is asked to "
            f"{NEWER[endpoint]}.",
            hint="It may be too old for that; newer versions of LM Studio can.",
        )

    async def _state(self, instance: Instance) -> Any:
        """Ask what an instance is doing."""
        return await self._call(
            instance.kind,
            "getInstanceProcessingState",
            {"specifier": specifier(instance), "throwIfNotFound": True},
            subject=instance.identifier,
        )

    async def _kind(self, model_key: str) -> Kind:
        """Say which namespace a key belongs to; an unknown one is the host's to refuse."""
        if model_key not in self._kinds:
            await self.models()
        return self._kinds.get(model_key, "llm")
