"""Writes down what becomes of instances and requests: the engine's side of the memory diary."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from lms_jupyter.diary.diary import Diary
from lms_jupyter.diary.entries import Pages, PastRequest, Query, Refusal, Stay
from lms_jupyter.diary.sums import GONE_S
from lms_jupyter.engine.instances.asking import asking
from lms_jupyter.engine.instances.gpu_shares import held_by

if TYPE_CHECKING:
    from lms_jupyter.engine.errors import EngineError
    from lms_jupyter.engine.gpus.gpu import Gpu
    from lms_jupyter.engine.instances.energy import Energy
    from lms_jupyter.engine.instances.instance import Instance, Plan
    from lms_jupyter.engine.instances.measurements import Measurements

HOST: Final = "engine"
SEEN_S: Final = GONE_S / 3
"""How often it is written down that what is in memory still is."""
MOST_REQUESTS: Final = 500
"""The last ones, kept in memory also where no diary is kept."""


class Outcome(Protocol):
    """What came of a request."""

    @property
    def stop_reason(self) -> str:
        """How it ended."""

    prompt_tokens: int
    predicted_tokens: int
    first_token_s: float | None
    total_s: float
    tokens_per_second: float | None
    text: str


class Books:
    """Knows the last requests, and writes a diary if there is one."""

    def __init__(
        self,
        diary: Diary | None = None,
        *,
        keeps_texts: bool = False,
        measurements: Measurements | None = None,
        gpus: Callable[[], Sequence[Gpu]] = tuple,
        energy: Energy | None = None,
    ) -> None:
        """Write to this diary.

        Args:
            diary: `None`: what was is known for as long as the engine runs.
            keeps_texts: Whether answers stand in it.
            measurements: Where is noted what loads take.
            gpus: Returns the GPUs as they were at the last look.
            energy: Tells what requests take of it.
        """
        self._diary = diary
        self.keeps_texts = keeps_texts
        self._measurements = measurements
        self._gpus = gpus
        self._energy = energy
        self._counting: set[asyncio.Task[None]] = set()
        self._stays: dict[str, Stay] = {}
        self._requests: deque[PastRequest] = deque(maxlen=MOST_REQUESTS)
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Mend what an engine that was killed has left behind, and begin to write."""
        if self._diary is not None:
            await self._diary.begin(HOST, time.time() - GONE_S)
            self._tick()

    async def close(self) -> None:
        """Write what is left to write."""
        if self._timer is not None:
            self._timer.cancel()
        await self._all_counted()
        if self._energy is not None:
            await self._energy.close()
        if self._measurements is not None:
            await self._measurements.close()
        if self._diary is not None:
            await self._diary.close()

    def loaded(self, instance: Instance) -> None:
        """Note that a load has come to its end."""
        now, worker = time.time(), instance.worker
        stay = Stay(
            host=HOST,
            reference=instance.reference,
            identifier=instance.identifier,
            model_key=instance.model.model_key,
            client=asking.get() or instance.plan.owner,
            context_length=instance.context_length,
            memory_bytes=worker.resident_bytes() if worker is not None else None,
            gpu_bytes=self._on_gpus(instance) or None,
            loaded_at=now,
            load_s=max(0.0, time.monotonic() - instance.started.monotonic_s),
            seen_at=now,
        )
        self._stays[instance.reference] = stay
        self._write(stay)
        if self._measurements is not None:
            self._measurements.loaded(instance)

    def ended(self, instance: Instance, why: str, by: str) -> None:
        """Note that an instance is about to end."""
        stay = self._stays.pop(instance.reference, None)
        if stay is None:
            return
        now, worker = time.time(), instance.worker
        running = worker is not None and worker.is_running
        size = worker.resident_bytes() if worker is not None and running else 0
        changes = {
            "seen_at": now,
            "ended_at": now,
            "why": why,
            "ended_by": by or (asking.get() if why == "evicted" else ""),
            "memory_bytes": max(size, stay.memory_bytes or 0) or None,
            "gpu_bytes": max(self._on_gpus(instance), stay.gpu_bytes or 0) or None,
        }
        self._write(msgspec.structs.replace(stay, **changes))

    def refused(self, plan: Plan, error: EngineError) -> None:
        """Note a load that came to nothing, other than by its being called off."""
        code = type(error).__name__.removesuffix("Error")
        self._write(
            Refusal(
                host=HOST,
                model_key=plan.model.model_key,
                client=asking.get() or plan.owner,
                at=time.time(),
                code=code,
                why=error.title,
            )
        )

    def answered(self, instance: Instance, outcome: Outcome) -> None:
        """Note a request that has ended."""
        request = PastRequest(
            host=HOST,
            reference=instance.reference,
            identifier=instance.identifier,
            model_key=instance.model.model_key,
            client=asking.get(),
            kind="chat" if instance.domain == "llm" else "embedding",
            at=time.time() - outcome.total_s,
            seconds=outcome.total_s,
            first_token_s=outcome.first_token_s,
            prompt_tokens=outcome.prompt_tokens,
            predicted_tokens=outcome.predicted_tokens,
            tokens_per_second=outcome.tokens_per_second,
            ending=outcome.stop_reason,
            text=outcome.text if self.keeps_texts else None,
        )
        if self._energy is None:
            self._keep(request)
        else:
            counting = asyncio.create_task(self._counted(request, self._energy))
            self._counting.add(counting)
            counting.add_done_callback(self._counting.discard)
        if self._measurements is not None:
            self._measurements.answered(instance, outcome.prompt_tokens, outcome.predicted_tokens)

    async def _counted(self, request: PastRequest, energy: Energy) -> None:
        spent_j = await energy.share_j(request.seconds)
        self._keep(msgspec.structs.replace(request, energy_j=spent_j))

    def _keep(self, request: PastRequest) -> None:
        self._requests.append(request)
        self._write(request)

    async def _all_counted(self) -> None:
        if self._counting:
            await asyncio.wait(self._counting)

    async def read(self, query: Query) -> Pages:
        """Return what is asked for; without a diary, what was since the engine began.

        Raises:
            DiaryError: It cannot be read.
        """
        await self._all_counted()
        if self._diary is not None:
            return await self._diary.read(query)
        wanted = [
            request
            for request in reversed(self._requests)
            if request.at >= query.since and query.reference in (None, request.reference)
        ]
        stays = [stay for stay in self._stays.values() if query.reference in (None, stay.reference)]
        return Pages(stays=tuple(stays), requests=tuple(wanted[: query.most]))

    def _on_gpus(self, instance: Instance) -> int:
        """Return what an instance holds on all GPUs, as the driver or llama.cpp says."""
        buffers = instance.worker.buffers.by_device if instance.worker is not None else {}
        return sum({**buffers, **held_by(instance, self._gpus())}.values())

    def _write(self, entry: Stay | PastRequest | Refusal) -> None:
        if self._diary is not None:
            self._diary.note(entry)

    def _tick(self) -> None:
        """Write down that what is in memory is still there: the end of a killed engine is known."""
        now = time.time()
        for reference, stay in self._stays.items():
            self._stays[reference] = msgspec.structs.replace(stay, seen_at=now)
            self._write(self._stays[reference])
        self._timer = asyncio.get_running_loop().call_later(SEEN_S, self._tick)
