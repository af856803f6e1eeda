"""One instance: what is known about it. Only the registry changes it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import string
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from lms_jupyter.engine.instances.lifecycle import Keep, Moment, Phase, State
from lms_jupyter.engine.instances.room import Room
from lms_jupyter.engine.instances.turns import Turns
from lms_jupyter.engine.instances.vram import Site
from lms_jupyter.engine.worker.load_settings import Domain, LoadSettings

if TYPE_CHECKING:
    from lms_jupyter.engine.library.catalog import DownloadedModel
    from lms_jupyter.engine.worker.handle import WorkerHandle

HEARTBEAT_S = 5.0
"""A load says where it stands at least this often, since some clients give up on silence."""

_LETTERS = string.ascii_letters + string.digits


def now() -> Moment:
    """Read both clocks."""
    return Moment(time.monotonic(), time.time())


class Work(Enum):
    """What a request is doing."""

    WAITING = "waiting"
    PROCESSING_PROMPT = "processing_prompt"
    GENERATING = "generating"
    COMPUTING_EMBEDDING = "computing_embedding"


@dataclass(slots=True, eq=False)
class Request:
    """One request in flight, from the moment it was made."""

    user: str = ""
    """Who made it."""
    work: Work = Work.WAITING
    predicted_tokens: int = 0
    """How many tokens it was answered with, once that is known."""
    tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A load that has been checked and may begin."""

    model: DownloadedModel
    settings: LoadSettings
    identifier: str
    ttl_s: float | None = None
    keep: Keep | None = None
    """What keeps it from its beginning on, besides its TTL."""
    pinned: bool = False
    jit: bool = False
    owner: str = ""
    user: str = ""
    """Who may end it, and whose limits it counts against."""
    load_id: str = ""
    replica: bool = False
    """Whether a gateway promised that it stays, as one of several."""
    draft: DownloadedModel | None = None
    asked: LoadSettings = field(default_factory=LoadSettings)
    """The settings as somebody asked for them, before anything was decided."""
    site: Site = field(default_factory=Site)
    """Where its layers are to lie."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Instance:
    """A model that is being loaded or is loaded, with its worker process and its requests."""

    plan: Plan
    state: State
    started: Moment = field(default_factory=now)
    reference: str = field(
        default_factory=lambda: "".join(secrets.choice(_LETTERS) for _ in range(24))
    )
    load_id: str = ""
    admitted: bool = False
    """Whether its load has passed the guardrail, so that its memory is promised to it."""
    worker: WorkerHandle | None = None
    address: str = ""
    held_until_s: float = 0.0
    """Until when a cell that runs counts on it, by the monotonic clock: it does not give way."""
    warm_tokens: int = 0
    """How many tokens of prompts it has got from an instance before it."""
    template_problem: str = ""
    """Why the model's own chat template cannot be used, if it cannot."""
    settings: LoadSettings = field(init=False)
    requests: set[Request] = field(default_factory=set)
    waiters: set[object] = field(default_factory=set)
    """Those who wait for the end of its load, or have and still need the instance."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: asyncio.Future[Instance] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    sessions: Turns = field(init=False)
    _room: Room | None = None

    def __post_init__(self) -> None:
        self.load_id = self.plan.load_id or self.reference
        self.settings = self.plan.settings
        self.sessions = Turns(self.plan.settings.num_parallel_sessions or 1)

    def take(self, plan: Plan) -> None:
        """Load as this plan says, which tells more than the first."""
        self.plan, self.settings = plan, plan.settings
        self.sessions = Turns(plan.settings.num_parallel_sessions or 1)

    @property
    def identifier(self) -> str:
        """The name it goes by."""
        return self.plan.identifier

    @property
    def model(self) -> DownloadedModel:
        """The model whose instance it is."""
        return self.plan.model

    @property
    def domain(self) -> Domain:
        """Which namespace it lives in."""
        return self.plan.model.type

    @property
    def runtime(self) -> str:
        """The build of llama.cpp that serves it, in one line."""
        return self.worker.runtime.label if self.worker is not None else ""

    @property
    def jit(self) -> bool:
        """Whether it was loaded just in time, and so may be evicted."""
        return self.plan.jit

    @property
    def context_length(self) -> int:
        """How many tokens it can hold."""
        return self.settings.context_length or 0

    @property
    def room(self) -> Room | None:
        """The context, if requests share it."""
        sessions = self.settings.num_parallel_sessions or 1
        is_shared = self.domain == "llm" and sessions > 1 and self.settings.unified_kv_cache
        if is_shared and self._room is None:
            self._room = Room(self.context_length, sessions)
        return self._room if is_shared else None

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests."""
        return self.state.phase is Phase.READY

    @property
    def work(self) -> Work | None:
        """What it is doing: the most advanced of its requests, `None` if it is idle."""
        doing = {request.work for request in self.requests}
        for work in (Work.GENERATING, Work.COMPUTING_EMBEDDING, Work.PROCESSING_PROMPT):
            if work in doing:
                return work
        return Work.PROCESSING_PROMPT if doing else None

    def mapped_bytes(self) -> int:
        """Measure how much of the model's file is in memory as the system's cache."""
        return min(self.model.size_bytes, self.worker.mapped_bytes()) if self.worker else 0

    def private_bytes(self) -> int:
        """Measure what its process holds that is no file."""
        return self.worker.resident_bytes() - self.worker.mapped_bytes() if self.worker else 0

    async def progress(self) -> AsyncIterator[float]:
        """Yield the fraction whenever it changes, and every few seconds, until the load is over."""
        while self.state.phase is Phase.LOADING:
            changed = self.changed
            yield self.state.fraction
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await changed.wait()

    async def settled(self) -> Instance:
        """Wait for the end of the load; raise what made it fail. Waiters may be cancelled alone."""
        return await asyncio.shield(self.outcome)
