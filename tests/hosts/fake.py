"""A host made of lists: a full implementation of `Host`, without a server behind it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import chain, count
from typing import Any

import msgspec
from msgspec.structs import replace

from lms_jupyter.errors import (
    CommandError,
    InstanceExistsError,
    InstanceNotFoundError,
    LoadCancelledError,
)
from lms_jupyter.hosts.base import (
    Departure,
    Joined,
    Loaded,
    Loading,
    LoadOrigin,
    LoadStep,
    LogEntry,
    Past,
    Reason,
    Snapshot,
)
from lms_jupyter.hosts.prediction import (
    Message,
    PredictionEvent,
    PredictionFragment,
    PredictionStats,
    Sampling,
)
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import (
    Estimate,
    GpuMemory,
    HostInfo,
    Instance,
    Keep,
    Kind,
    Load,
    LoadConfig,
    Memory,
    Model,
)
from tests.hosts.fake_disk import FakeDisk, fake_model

__all__ = ["FEATURES", "FakeHost", "fake_gpu", "fake_model"]

FEATURES = (
    *("activity", "ttl", "pin", "cancelLoad", "join", "departures", "deleteModel"),
    *("keep", "forget"),
)


def fake_gpu(number: int = 0, **changes: object) -> GpuMemory:
    """Return a plausible GPU; any field can be given another value."""
    gpu = GpuMemory(
        gpu_id=f"CUDA{number}",
        name="NVIDIA GeForce RTX 4090",
        total_bytes=25_757_220_864,
        available_bytes=24_000_000_000,
    )
    return replace(gpu, **changes)


class FakeHost(FakeDisk):
    """Keeps models and instances in lists and behaves as a host does, in no time.

    A load yields 0, 0.5 and 1; set `gate` to an `asyncio.Event` and it waits there before each
    step. `reachable = False` plays dead. Every load gets what `ceiling` sets, not what was asked.
    """

    def __init__(
        self, *models: Model, clock: Callable[[], float] = time.time, features: tuple[str, ...] = ()
    ) -> None:
        super().__init__("fake:0", *models)
        self.memory: list[Instance] = []
        self.machine: Memory | None = None
        self.selected_runtime = "fake-cpu"
        """What the machine has of memory, and of GPUs; `None`: not told."""
        self.configs: dict[str, LoadConfig] = {}
        self.ceiling = LoadConfig()
        self.departures: dict[str, Departure] = {}
        self.loads: dict[str, Load] = {}
        self.requests: list[LoadRequest] = []
        self.owners: list[str] = []
        self.prompts: list[tuple[tuple[Message, ...], Sampling]] = []
        self.asked: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        """What went beyond LM Studio, and its parameters."""
        self.looks = 0
        self.info = HostInfo(name="Fake", address=self.address, version="1", features=features)
        self._clock = clock
        self._serial = count(1)
        self._changed: set[asyncio.Event] = set()

    async def connect(self) -> None:
        """Succeed, unless the host plays dead."""
        self._answer()

    async def close(self) -> None:
        """Have nothing to let go of."""

    async def check(self, kind: Kind) -> None:  # noqa: ARG002 - the protocol of hosts
        """Answer, unless the host plays dead."""
        self._answer()

    async def gone(self) -> None:
        """Have no connection that could be lost."""
        await asyncio.Event().wait()

    async def poll(self) -> Snapshot:
        """List the memory, and count the polls."""
        self._answer()
        self.looks += 1
        return self._snapshot()

    async def subscribe(self) -> AsyncIterator[Snapshot]:
        """Yield the memory after each change, if the host has the feature "activity"."""
        if "activity" not in self.info.features:
            return
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            while True:
                self._answer()
                yield self._snapshot()
                await changed.wait()
                changed.clear()
        finally:
            self._changed.discard(changed)

    async def load(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Load in three steps; closing the iterator early leaves nothing behind."""
        self._answer()
        if request.join and "join" in self.info.features:
            joined = None
            while (known := self._joinable(request)) is not None:
                if isinstance(known, Instance):
                    yield Loaded(instance=known, was_there=True)
                    return
                joined = known.load_id
                yield Joined(load_id=joined)
                await self._end_of(joined)
            if joined is not None:
                yield Joined(load_id=None)
        self.requests.append(request)
        self.owners.append(by.owner)
        model = self._model(request.model_key)
        identifier = self._identifier(request)
        load = Load(
            load_id=by.load_id,
            identifier=identifier,
            model_key=model.model_key,
            kind=model.kind,
            fraction=0.0,
            started_at=self._clock(),
        )
        try:
            for fraction in (0.0, 0.5, 1.0):
                self.loads[by.load_id] = replace(load, fraction=fraction)
                self.notify()
                yield Loading(fraction=fraction)
                if self.gate is not None:
                    await self.gate.wait()
                self._answer()
                if by.load_id not in self.loads:
                    raise LoadCancelledError(f"The load of {model.model_key!r} was cancelled.")
            instance = self.put(
                model, identifier=identifier, ttl_s=request.ttl_s, config=request.config
            )
        finally:
            self.loads.pop(by.load_id, None)
            self.notify()
        yield Loaded(instance=instance)

    async def use(self, request: LoadRequest, by: LoadOrigin) -> AsyncIterator[LoadStep]:
        """Take what is there under this name or key, else load it."""
        self._answer()
        for instance in self.memory:
            if request.model_key in (instance.identifier, instance.model_key):
                yield Loaded(instance=instance, was_there=True)
                return
        async for step in self.load(request, by):
            yield step

    async def cancel_load(self, load_id: str) -> None:
        """Call off a load."""
        self._answer()
        self.loads.pop(load_id, None)
        self.notify()

    async def unload(self, instance: Instance, why: Reason = "unloaded", *, by: str = "") -> None:
        """Take an instance off the list."""
        self._answer()
        known = self._instance(instance.identifier)
        self.memory.remove(known)
        self.departures[known.instance_reference] = Departure(why=why, by=by)
        self.notify()

    async def departure(self, instance_reference: str) -> Departure | None:
        """Say why an instance went, if the host has the feature "departures"."""
        self._answer()
        is_known = "departures" in self.info.features
        return self.departures.get(instance_reference) if is_known else None

    async def set_ttl(self, instance: Instance, ttl_s: float | None) -> None:
        """Change a TTL and count it from now."""
        self._change(instance, ttl_s=ttl_s, idle_since=self._clock())

    async def pin(self, instance: Instance, *, pinned: bool) -> None:
        """Pin an instance, or no longer."""
        self._change(instance, pinned=pinned)

    async def load_config(self, instance: Instance) -> LoadConfig:
        """Return what was asked, and the context length in any case."""
        self._answer()
        asked = self.configs[self._instance(instance.identifier).instance_reference]
        given = {
            name: value
            for name, value in msgspec.structs.asdict(self.ceiling).items()
            if value is not None
        }
        return replace(asked, **{"context_length": instance.context_length} | given)

    async def estimate(self, model: Model, config: LoadConfig) -> Estimate:
        """Reckon the file's size and a kilobyte a token; as much of it on a GPU as is asked."""
        self._answer()
        total_bytes = model.size_bytes + 1024 * (config.context_length or 4096)
        ratio = 1.0 if config.gpu is None else config.gpu
        has_gpu = self.machine is not None and self.machine.gpus
        return Estimate(
            total_bytes=total_bytes,
            vram_bytes=round(total_bytes * ratio) if has_gpu else 0,
            confidence="high",
            passes_guardrails=True,
        )

    async def respond(
        self, instance: Instance, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[PredictionEvent]:
        """Repeat the last message, word by word."""
        self._answer()
        self._instance(instance.identifier)
        self.prompts.append((tuple(messages), sampling))
        words = messages[-1].text.split()
        for word in words:
            if self.gate is not None:
                await self.gate.wait()
            yield PredictionFragment(text=f"{word} ")
        yield PredictionStats(
            stop_reason="eosFound",
            tokens_per_second=100.0,
            first_token_s=0.01,
            prompt_tokens=sum(len(message.text.split()) for message in messages),
            predicted_tokens=len(words),
        )

    async def log(self, past: Past | None = None) -> AsyncIterator[LogEntry]:
        """Tell one line, then wait; like LM Studio it has no past."""
        self._answer()
        if past is not None:
            past.caught_up()
        yield LogEntry(at=self._clock(), kind="server.log", text="The fake host listens.")
        await asyncio.Event().wait()

    async def serve(self, *, on: bool, port: int | None = None, cors: bool = False) -> None:  # noqa: ARG002 - the protocol of hosts
        """Have no server to switch."""
        raise CommandError("The fake host has no server to switch.")

    async def link(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Have an LM Link with nobody else on it."""
        self._answer()
        if endpoint != "lmLinkStatus":
            raise CommandError(f"The fake host cannot {endpoint} {parameters}.")
        return {"status": "online", "issues": [], "peers": [], "deviceName": self.info.name}

    async def extension(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Keep an instance as the engine does; note what else is asked."""
        self._answer()
        if endpoint not in ("setInstanceKeep", "holdInstances", "forgetPrompts"):
            raise CommandError(f"The fake host cannot {endpoint} {parameters}.")
        asked = dict(parameters or {})
        self.asked.put_nowait((endpoint, asked))
        if endpoint == "setInstanceKeep":
            payload = asked["keep"]
            at = None if payload is None else payload.get("at")
            until = None if at is None else at / 1000
            keep = None if payload is None else Keep(until=until)
            self._change(self._instance(asked["identifier"]), keep=keep)

    async def runtime(self, endpoint: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Have two runtimes, as far as listing and selecting them goes."""
        self._answer()
        if endpoint == "selectEngine" and parameters is not None:
            self.selected_runtime = parameters["engine"]["name"]
        known = [
            {"name": name, "version": "1.0.0", "supportedModelFormatNames": ["GGUF"]}
            for name in ("fake-cpu", "fake-gpu")
        ]
        if endpoint == "listEngines":
            return known
        return {"json": [["GGUF", {"name": self.selected_runtime, "version": "1.0.0"}]]}

    def put(
        self,
        model: Model,
        *,
        identifier: str | None = None,
        ttl_s: float | None = None,
        config: LoadConfig | None = None,
    ) -> Instance:
        """Put an instance into memory, as another client would."""
        config = config or LoadConfig()
        shared = {
            name: value
            for name, value in msgspec.structs.asdict(model).items()
            if name in Instance.__struct_fields__
        }
        instance = Instance(
            **shared,
            identifier=identifier or model.model_key,
            instance_reference=f"reference-{next(self._serial)}",
            context_length=config.context_length or 4096,
            ttl_s=ttl_s,
            idle_since=self._clock(),
        )
        self.memory.append(instance)
        self.configs[instance.instance_reference] = config
        self.notify()
        return instance

    def notify(self) -> None:
        """Have every subscriber receive a new snapshot."""
        for changed in self._changed:
            changed.set()

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            now=self._clock(),
            instances=tuple(self.memory),
            loads=tuple(self.loads.values()),
            memory=self.machine,
        )

    def _joinable(self, request: LoadRequest) -> Instance | Load | None:
        """Find what a load that joins takes: an instance, or a load that is under way."""
        known: list[Instance | Load] = [*self.memory, *self.loads.values()]
        for candidate in known:
            named = request.identifier in (None, candidate.identifier)
            if named and candidate.model_key == request.model_key:
                return candidate
        return None

    async def _end_of(self, load_id: str) -> None:
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            while load_id in self.loads:
                await changed.wait()
                changed.clear()
        finally:
            self._changed.discard(changed)

    def _change(self, instance: Instance, **changes: object) -> None:
        self._answer()
        known = self._instance(instance.identifier)
        self.memory[self.memory.index(known)] = replace(known, **changes)
        self.notify()

    def _instance(self, identifier: str) -> Instance:
        for instance in self.memory:
            if instance.identifier == identifier:
                return instance
        raise InstanceNotFoundError(identifier, [known.identifier for known in self.memory])

    def _identifier(self, request: LoadRequest) -> str:
        taken = {instance.identifier for instance in self.memory}
        taken |= {load.identifier for load in self.loads.values() if load.identifier}
        if request.identifier is not None:
            if request.identifier in taken:
                raise InstanceExistsError(request.identifier)
            return request.identifier
        names = chain([request.model_key], (f"{request.model_key}:{n}" for n in count(2)))
        return next(name for name in names if name not in taken)
