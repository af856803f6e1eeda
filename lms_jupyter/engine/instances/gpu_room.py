"""The room on the GPUs: where the next model may lie there, and what instances hold of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from lms_jupyter.engine.gpus.gpu import Gpu
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.instances import placement, shape
from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.instances.gpu_shares import held_by
from lms_jupyter.engine.instances.vram import GpuUse, Site
from lms_jupyter.engine.runtimes.runtime import Runtime
from lms_jupyter.engine.worker.load_settings import Place

if TYPE_CHECKING:
    from lms_jupyter.engine.instances.instance import Instance, Plan

RETURN_S: Final = 2.0
"""How long a driver may take to give back the memory of a process that has ended."""
LOOK_EVERY_S: Final = 0.05
_FEW_THREADS: Final = 4
"""What a processor has to do beside GPUs that hold all layers."""
_MOST: Final = 0.9
"""Of what a process has held: other programs may take some of it at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """What a process has held of a GPU when it was ended."""

    pid: int
    gpu_id: str
    held_bytes: int
    free_bytes: int
    """What was free then."""

    def is_back(self, gpus: Iterable[Gpu]) -> bool:
        """Whether its memory has been given back, as far as the driver tells."""
        gpu = next((gpu for gpu in gpus if gpu.gpu_id == self.gpu_id), None)
        if gpu is None:
            return True
        if gpu.names_holders and self.pid in gpu.by_process:
            return False
        return gpu.free_bytes >= self.free_bytes + _MOST * self.held_bytes


class GpuRoom:
    """Places models on the GPUs that the selected runtime can use."""

    def __init__(
        self,
        meter: GpuMeter,
        runtime: Callable[[], Runtime],
        share: float,
        chosen: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._chosen = chosen
        self._meter = meter
        self._runtime = runtime
        self._share = share
        self._leaving: list[_Leaving] = []

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs as they were at the last look."""
        return self._meter.last

    async def look(self) -> tuple[Gpu, ...]:
        """Look at the GPUs now, or take a look that is just over."""
        if self._chosen is not None:
            await self._chosen()  # what it can use is known when it has been asked
        return await self._meter.look()

    async def can_set(self, setting: str) -> bool:
        """Whether the selected runtime can carry out a load setting."""
        if self._chosen is not None:
            await self._chosen()
        return setting not in self._runtime().missing

    def check(self, plan: Plan) -> None:
        """Raise what a plan asks for and cannot have here, with the reason."""
        placement.check(plan.asked, plan.model.header, self.gpus, self._runtime())

    def placed(self, plan: Plan) -> Plan:
        """Return the plan with the place of its layers, and the settings that suit that place."""
        model, asked = plan.model, plan.asked
        drafted = plan.draft.header if plan.draft else None

        def settled(place: Place) -> Plan:
            settings = asked.settled(model.type, model.max_context_length, place)
            threads = plan.settings.cpu_threads
            if place == "gpu" and threads and asked.cpu_threads is None:
                threads = min(threads, _FEW_THREADS)
            experts = plan.settings.num_experts
            return replace(
                plan, settings=replace(settings, cpu_threads=threads, num_experts=experts)
            )

        supposed = settled("gpu").settings

        def uses(site: Site) -> Sequence[GpuUse]:
            projector = model.mmproj.stat().st_size if model.mmproj else 0
            return estimate(
                model.header, supposed, projector_bytes=projector, draft=drafted, site=site
            ).gpus

        gpus = self.gpus
        placer = placement.Placer(
            settings=asked,
            layers=shape.layers(model.header),
            gpus=gpus,
            runtime=self._runtime(),
            uses=uses,
            share=self._share,
        )
        site = placer.place()
        place: Place = "cpu"
        if gpus and site.placement.gpu_layers:
            is_whole = site.placement.gpu_layers > placer.layers
            place = "gpu" if is_whole and not site.placement.cpu_expert_layers else "split"
        return replace(settled(place), site=site)

    def leaving(self, instance: Instance) -> None:
        """Note what an instance holds that is about to be ended."""
        worker, gpus = instance.worker, self.gpus
        if worker is None or not gpus:
            return
        held = held_by(instance, gpus)
        self._leaving += [
            _Leaving(
                pid=worker.pid,
                gpu_id=gpu.gpu_id,
                held_bytes=held[gpu.gpu_id],
                free_bytes=gpu.free_bytes,
            )
            for gpu in gpus
            if held.get(gpu.gpu_id) and gpu.is_measured
        ]

    async def returned(self) -> None:
        """Wait until the drivers have given back what ended processes have held; not for ever."""
        if not self._meter.has_gpus:
            return
        last = time.monotonic() + RETURN_S
        gpus = await self._meter.look(fresh=True)
        while self._leaving and time.monotonic() < last:
            self._leaving = [leaving for leaving in self._leaving if not leaving.is_back(gpus)]
            if self._leaving:
                await asyncio.sleep(LOOK_EVERY_S)
                gpus = await self._meter.look(fresh=True)
        self._leaving.clear()
