"""What loads really took on this machine, and what that says of the next ones.

A load of the same file on the same build with the same settings takes what it took. With another
context, what is calculated is corrected by how far it was off where it was measured.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakKeyDictionary

from lms_jupyter.engine.instances.estimate import MemoryEstimate, Source, usage
from lms_jupyter.engine.instances.gpu_shares import held_by
from lms_jupyter.engine.instances.kinds import kind_of
from lms_jupyter.engine.instances.measured_file import MeasuredFile, Took
from lms_jupyter.engine.instances.what_fits import with_context
from lms_jupyter.engine.worker.load_settings import rounded

if TYPE_CHECKING:
    from lms_jupyter.engine.gpus.gpu import Gpu
    from lms_jupyter.engine.instances.instance import Instance, Plan
    from lms_jupyter.engine.runtimes.runtime import Runtime

_NEWS: Final = 0.01
"""By how much a measurement has to grow to be written down again."""
_OLD_S: Final = 86_400.0
"""After so long it is written down again that a measurement still holds: it stays longer."""

logger = logging.getLogger(__name__)


class Meter(Protocol):
    """What is asked about GPUs."""

    async def look(self) -> tuple[Gpu, ...]:
        """Return them as they are now."""


class Measurements:
    """Measures instances, and corrects estimates by it."""

    def __init__(
        self, file: Path | None, runtime: Callable[[], Runtime], meter: Meter | None = None
    ) -> None:
        """Begin with what stands in the file.

        Args:
            file: Where it is kept for the next engines; `None`: it ends with this one.
            runtime: The build that the next load runs on.
            meter: Tells what lies on GPUs.
        """
        self._file = MeasuredFile(file) if file is not None else None
        self._runtime = runtime
        self._meter = meter
        self._by_kind: dict[str, dict[int, Took]] = {}
        for measurement in self._file.read() if self._file else ():
            self._by_kind.setdefault(measurement.kind, {})[measurement.context_length] = measurement
        self._read: WeakKeyDictionary[Instance, int] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._is_warned = False

    def corrected(self, plan: Plan, calculated: MemoryEstimate) -> MemoryEstimate:
        """Return what the load will take, by what such loads have taken before."""
        try:
            known = self._by_kind.get(kind_of(plan, self._runtime()), {})
        except OSError:
            return calculated
        context = rounded(plan.settings.context_length or 0)
        exact, gpus = known.get(context), plan.site.gpus
        if exact is not None and exact.is_whole:
            off = _off(calculated, exact, gpus)
            return shifted(calculated, off, "measured")
        whole = sorted(length for length, taken in known.items() if taken.is_whole)
        if whole:
            off = between(
                [
                    (length, _off(usage(with_context(plan, length)), known[length], gpus))
                    for length in whole
                ],
                context,
            )
            calculated = shifted(calculated, off, "corrected")
        # Loading alone takes less than working: it only says when an estimate is too low.
        if exact is not None and exact.main_bytes > calculated.total_bytes:
            more = exact.main_bytes - calculated.total_bytes
            return shifted(calculated, (more, *(0 for _ in gpus)), "measured")
        return calculated

    def loaded(self, instance: Instance) -> None:
        """Measure an instance that has just been loaded."""
        self._read[instance] = instance.warm_tokens
        self._spawn(self._measure(instance, is_whole=False))

    def answered(self, instance: Instance, prompt_tokens: int, predicted_tokens: int) -> None:
        """Measure an instance that has surely worked on a whole batch.

        What it had read before it need not have read again, as long as the longest that was.
        """
        before = self._read.get(instance)
        batch = instance.plan.settings.physical_batch_size or 0
        if before is None:
            return
        self._read[instance] = max(before, prompt_tokens + predicted_tokens)
        if prompt_tokens - before >= batch:
            self._spawn(self._measure(instance, is_whole=True))

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _measure(self, instance: Instance, *, is_whole: bool) -> None:
        gpus = await self._meter.look() if self._meter is not None else ()
        worker = instance.worker
        held = worker.resident_bytes() if worker is not None else 0
        if worker is None or not held:
            return
        try:
            took = Took(
                kind=kind_of(instance.plan, worker.runtime),
                context_length=rounded(instance.plan.settings.context_length or 0),
                main_bytes=held,
                gpu_bytes=held_by(instance, gpus),
                is_whole=is_whole,
                at=time.time(),
            )
        except OSError:
            return
        await self._note(took)

    async def _note(self, took: Took) -> None:
        known = self._by_kind.setdefault(took.kind, {})
        before = known.get(took.context_length)
        took = took if before is None else took.larger(before)
        known[took.context_length] = took
        if self._file is None or (before is not None and not _is_news(took, before)):
            return
        async with self._writing:
            try:
                await asyncio.to_thread(self._file.write, took)
            except OSError as error:
                if not self._is_warned:
                    logger.warning("what loads take is not kept: %s", error)
                self._is_warned = True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def between(off: Sequence[tuple[int, tuple[int, ...]]], context: int) -> tuple[int, ...]:
    """Return how far an estimate is off at a context, from how far it was at others, sorted.

    >>> between([(1000, (10,)), (3000, (30,))], 2000)
    (20,)
    """
    after = bisect_right(off, context, key=lambda point: point[0])
    if after in (0, len(off)):
        return off[min(after, len(off) - 1)][1]
    (low, below), (high, above) = off[after - 1], off[after]
    part = (context - low) / (high - low)
    return tuple(
        round(start + part * (end - start)) for start, end in zip(below, above, strict=True)
    )


def shifted(estimate: MemoryEstimate, off: tuple[int, ...], source: Source) -> MemoryEstimate:
    """Move an estimate: of main memory, and of each GPU. What is off counts as the context's."""
    main, *gpus = off
    context = max(0, estimate.context_bytes + main)
    return replace(
        estimate,
        context_bytes=context,
        total_bytes=max(0, estimate.total_bytes + main),
        gpus=tuple(
            replace(use, compute=max(-use.cache, use.compute + more))
            for use, more in zip(estimate.gpus, gpus, strict=True)
        ),
        confidence="high",
        source=source,
    )


def _off(calculated: MemoryEstimate, took: Took, gpus: Sequence[str]) -> tuple[int, ...]:
    """Return how much more it took than was calculated; nothing for GPUs that were not told."""
    return (
        took.main_bytes - calculated.total_bytes,
        *(
            took.gpu_bytes[gpu] - use.total if took.gpu_bytes.get(gpu) else 0
            for gpu, use in zip(gpus, calculated.gpus, strict=True)
        ),
    )


def _is_news(took: Took, before: Took) -> bool:
    sizes = (took.main_bytes, *took.gpu_bytes.values())
    old = (before.main_bytes, *(before.gpu_bytes.get(gpu, 0) for gpu in took.gpu_bytes))
    grown = any(size > (1 + _NEWS) * earlier for size, earlier in zip(sizes, old, strict=True))
    return grown or took.is_whole != before.is_whole or took.at - before.at > _OLD_S
