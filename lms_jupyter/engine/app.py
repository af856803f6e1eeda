"""Puts the engine together, and the only place that does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from lms_jupyter.engine import announcement
from lms_jupyter.engine.catalog import Catalog
from lms_jupyter.engine.gatekeeper import gatekeeper
from lms_jupyter.engine.guardrail import Guardrail
from lms_jupyter.engine.inference import Inference
from lms_jupyter.engine.launcher import ProcessLauncher
from lms_jupyter.engine.llama_http import LlamaHttp
from lms_jupyter.engine.loader import Loader
from lms_jupyter.engine.registry import Registry
from lms_jupyter.engine.routes import greeting, sdk
from lms_jupyter.engine.routes.handshake import Guestbook
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.settings import Settings
from lms_jupyter.engine.uploads import Uploads

MAX_BODY_BYTES = 128 * 2**20

logger = logging.getLogger(__name__)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Run an engine; yields its address, and an event that is set when it is to end."""
    ending = asyncio.Event()
    guests = Guestbook()
    catalog = Catalog(settings.models)
    guardrail = Guardrail(settings.guardrail)
    launcher = ProcessLauncher(
        spares=settings.spares, nice=settings.nice, log=logging.getLogger("llama.cpp").debug
    )
    registry = Registry(launcher, guardrail.check)
    llama = LlamaHttp()
    services = Services(
        settings=settings,
        catalog=catalog,
        registry=registry,
        loader=Loader(
            catalog, registry, jit_ttl_s=settings.jit_ttl_s, auto_evict=settings.auto_evict
        ),
        guardrail=guardrail,
        inference=Inference(registry, llama),
        uploads=Uploads(),
        shut_down=ending.set,
    )
    application = web.Application(
        middlewares=[gatekeeper(settings)], client_max_size=MAX_BODY_BYTES
    )
    greeting.add_routes(application)
    sdk.add_routes(application, services, guests)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=512)
        await site.start()
        host, port = runner.addresses[0][:2]
        launcher.refill()
        yield f"{f'[{host}]' if ':' in host else host}:{port}", ending
    finally:
        await registry.close()
        await runner.cleanup()
        await llama.close()


async def serve(settings: Settings) -> None:
    """Run an engine until it is told to end; says on stdout where it listens."""
    async with running(settings) as (address, ending):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, ending.set)
        with announcement.made(settings.announce, address):
            print(f"listening on http://{address}", flush=True)  # noqa: T201 - the contract
            await ending.wait()
    logger.info("ended")
