"""Puts the engine together, and the only place that does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from aiohttp import web

from lms_jupyter.diary.diary import Diary
from lms_jupyter.engine import announcement
from lms_jupyter.engine.downloads.downloads import RUNNING, Downloads
from lms_jupyter.engine.downloads.hub import Hub
from lms_jupyter.engine.fleet.run import gateway
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.gpus.nvml import Nvml
from lms_jupyter.engine.instances.books import Books
from lms_jupyter.engine.instances.energy import Energy
from lms_jupyter.engine.instances.energy_counters import Counters
from lms_jupyter.engine.instances.estimate import MemoryEstimate
from lms_jupyter.engine.instances.giving_way import GivingWay
from lms_jupyter.engine.instances.gpu_room import GpuRoom
from lms_jupyter.engine.instances.gpu_shares import held_by_all
from lms_jupyter.engine.instances.guardrail import SHARE, Guardrail
from lms_jupyter.engine.instances.jit_rules import reader
from lms_jupyter.engine.instances.loader import Loader
from lms_jupyter.engine.instances.measurements import Measurements
from lms_jupyter.engine.instances.prompt_caches import PromptCaches
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.instances.shares import Shares
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.listeners import Listeners
from lms_jupyter.engine.log_file import LLAMA, logging_to
from lms_jupyter.engine.prediction.constraints import Constraints
from lms_jupyter.engine.prediction.inference import Inference
from lms_jupyter.engine.prediction.llama_http import LlamaHttp
from lms_jupyter.engine.prediction.logs import LlamaLine, LogHub
from lms_jupyter.engine.prediction.uploads import Uploads
from lms_jupyter.engine.routes import (
    anthropic,
    copying,
    greeting,
    openai,
    rest_v0,
    rest_v1,
    sdk,
)
from lms_jupyter.engine.routes.access import guard
from lms_jupyter.engine.routes.clients import name_client
from lms_jupyter.engine.routes.http import MAX_BODY_BYTES
from lms_jupyter.engine.runtimes.runtimes import Runtimes
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.settings import Settings
from lms_jupyter.engine.usage import Usage
from lms_jupyter.engine.worker.handle import WorkerHandle
from lms_jupyter.engine.worker.launcher import ProcessLauncher

_LEVELS = {" E ": "error", " W ": "warn", " D ": "debug"}

logger = logging.getLogger(__name__)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Run an engine; yields its address, and an event that is set when it is to end."""
    ending = asyncio.Event()
    log = LogHub()
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to(settings.log, log))
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        guard(application, settings)
        application.middlewares.append(name_client)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        stack.push_async_callback(runner.cleanup)
        listeners = Listeners(runner)
        services = _services(settings, log, listeners, ending, stack)
        await services.runtimes.start()
        await services.registry.books.begin()
        features = (
            *(("fleet",) if settings.fleet else ()),
            *(("givesWay",) if settings.give_way_bytes else ()),
        )
        greeting.add_routes(application, settings.token, features)
        if settings.fleet:
            over = await stack.enter_async_context(gateway(settings.fleet, services, application))
            sdk.add_routes(application, services, over)
        else:
            sdk.add_routes(application, services)
        for rest in (anthropic, copying, openai, rest_v0, rest_v1):
            rest.add_routes(application, services)
        await runner.setup()
        address = await listeners.bind(settings.host, settings.port)
        logger.info("listening on %s", address)
        services.usage.look()
        async with _giving_way(services):
            yield address, ending
        services.usage.stop()


@asynccontextmanager
async def _giving_way(services: Services) -> AsyncIterator[None]:
    """Watch memory in the block, if instances are to give way."""
    registry, guardrail = services.registry, services.guardrail
    giving_way = GivingWay(
        registry=registry,
        meter=services.gpus,
        reserve_bytes=services.settings.give_way_bytes,
        promised=lambda: guardrail.promised(registry.loads),
    )
    task = asyncio.create_task(giving_way.watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _downloads(settings: Settings, hub: Hub) -> Downloads:
    return Downloads(
        settings.downloads,
        hub,
        at_once=settings.downloads_at_once,
        bytes_per_second=settings.download_bytes_per_second,
    )


def _prompts(settings: Settings, llama: LlamaHttp, stack: AsyncExitStack) -> PromptCaches:
    prompts = PromptCaches(
        llama.post, folder=settings.prompt_caches, limit_bytes=settings.prompt_cache_bytes
    )
    stack.callback(prompts.close)
    return prompts


def _books(
    settings: Settings, log: LogHub, registry: Registry, meter: GpuMeter, measured: Measurements
) -> Books:
    diary = None if settings.diary is None else Diary(settings.diary, logger.warning)
    counters = Counters(gpus=Nvml().energy, has_gpus=lambda: meter.has_gpus)
    books = Books(
        diary,
        keeps_texts=settings.diary_texts,
        measurements=measured,
        gpus=lambda: meter.last,
        energy=Energy(counters, registry),
    )
    log.on_request = books.answered
    return books


def _services(
    settings: Settings,
    log: LogHub,
    listeners: Listeners,
    ending: asyncio.Event,
    stack: AsyncExitStack,
) -> Services:
    """Make the parts; the stack closes those that need it."""
    catalog = Catalog(settings.models, settings.hub)
    runtimes, launcher = _runtimes(settings, log)
    stack.push_async_callback(runtimes.close)
    meter = GpuMeter(lambda: runtimes.selected.devices)
    measured = Measurements(settings.measured, lambda: runtimes.selected, meter)
    guardrail = Guardrail(settings.guardrail, meter=meter, correct=measured.corrected)
    room = GpuRoom(meter, lambda: runtimes.selected, SHARE[settings.guardrail], runtimes.chosen)
    llama = LlamaHttp()
    prompts = _prompts(settings, llama, stack)
    shares = Shares(lambda plan: _bytes(guardrail.usage(plan)))
    registry = Registry(launcher, guardrail.check, room, prompts, shares)
    registry.books = _books(settings, log, registry, meter, measured)
    stack.push_async_callback(registry.books.close)
    meter.held = lambda: held_by_all((*registry.instances, *registry.loads))
    constraints = Constraints(llama)
    stack.push_async_callback(llama.close)
    hub = Hub()
    downloads = _downloads(settings, hub)
    stack.push_async_callback(downloads.close)
    stack.push_async_callback(registry.close)
    launcher.refill()

    usage = Usage(settings.linger_s, partial(_is_busy, registry, downloads), ending.set)
    registry.listen(usage.look)
    return Services(
        settings=settings,
        catalog=catalog,
        registry=registry,
        gpus=meter,
        runtimes=runtimes,
        loader=_loader(settings, catalog, registry, room),
        guardrail=guardrail,
        inference=Inference(registry, llama, constraints, log),
        llama=llama,
        constraints=constraints,
        uploads=Uploads(),
        hub=hub,
        downloads=downloads,
        log=log,
        listeners=listeners,
        usage=usage,
        shut_down=ending.set,
    )


def _loader(settings: Settings, catalog: Catalog, registry: Registry, room: GpuRoom) -> Loader:
    loader = Loader(
        catalog,
        registry,
        jit_ttl_s=settings.jit_ttl_s,
        auto_evict=settings.auto_evict,
        gpus=room,
    )
    loader.rules = reader(settings.rules)
    return loader


def _is_busy(registry: Registry, downloads: Downloads) -> bool:
    fetches = any(job.state in RUNNING for job in downloads.jobs)
    return bool(registry.instances or registry.loads) or fetches


def _bytes(usage: MemoryEstimate) -> int:
    return usage.total_bytes + usage.total_vram_bytes


def _runtimes(settings: Settings, log: LogHub) -> tuple[Runtimes, ProcessLauncher]:
    """Make what knows the builds of llama.cpp, and what starts the selected one."""
    kept = settings.announce and settings.announce.with_suffix(".runtime")
    runtimes = Runtimes(named=settings.llama_server, kept=kept)
    launcher = ProcessLauncher(
        spares=settings.spares,
        nice=settings.nice,
        log=partial(_note_line, log),
        runtime=runtimes.chosen,
    )
    runtimes.listen(launcher.replace)
    return runtimes, launcher


def _note_line(log: LogHub, worker: WorkerHandle, text: str) -> None:
    """Keep a line that llama.cpp wrote: `0.00.012.667 I cmn …`."""
    LLAMA.info("%s: %s", worker.identifier or worker.pid, text, extra={"from_llama": True})
    level = next((name for mark, name in _LEVELS.items() if mark in text[:20]), "info")
    log.publish(LlamaLine(level, text, worker.identifier, worker.pid, worker.runtime.version))


async def serve(settings: Settings) -> None:
    """Run an engine until it is told to end; says on stdout where it listens."""
    async with running(settings) as (address, ending):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # Some event loops cannot; there the system's own way of ending it has to do.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, ending.set)
        if settings.until_closed is not None:
            loop.add_reader(settings.until_closed, ending.set)
        with announcement.made(settings.announce, address, settings.token):
            # What is there now stays: no collection needs to look at it again, which takes long
            # enough for clients to feel it.
            gc.freeze()
            print(f"listening on http://{address}", flush=True)  # noqa: T201 - the contract
            await ending.wait()
    logger.info("ended")
