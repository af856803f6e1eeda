"""Instances and clients that go away between two steps of one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from lms_jupyter.engine.app import _services
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.listeners import Listeners
from lms_jupyter.engine.prediction.logs import LogHub
from lms_jupyter.engine.routes import rest_v1
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.settings import Settings


@asynccontextmanager
async def _engine(models: Path) -> AsyncIterator[tuple[str, Services]]:
    """An engine in this process, whose parts a test can reach."""
    async with AsyncExitStack() as stack:
        application = web.Application()
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        stack.push_async_callback(runner.cleanup)
        listeners = Listeners(runner)
        settings = Settings(models=(models,), spares=0)
        services = _services(settings, LogHub(), listeners, asyncio.Event(), stack)
        rest_v1.add_routes(application, services)
        await services.runtimes.start()
        await runner.setup()
        yield f"http://{await listeners.bind('127.0.0.1', 0)}/api/v1", services


def _unload_when_ready(services: Services, times: int) -> dict[Instance, asyncio.Task[None]]:
    """Unload each of the next instances at the very moment when it is ready."""
    unloads: dict[Instance, asyncio.Task[None]] = {}

    def look() -> None:
        for instance in services.registry.instances:
            if len(unloads) < times and instance not in unloads:
                unloads[instance] = asyncio.create_task(services.registry.unload(instance))

    services.registry.listen(look)
    return unloads


@pytest.mark.asyncio
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_chat_loads_again_what_was_evicted_before_its_first_use(
    models: Path, *, stream: bool
) -> None:
    async with _engine(models) as (address, services), aiohttp.ClientSession() as http:
        unloads = _unload_when_ready(services, times=1)
        body = {"model": "tiny-llm", "input": "hi", "max_output_tokens": 4, "stream": stream}
        async with http.post(f"{address}/chat", json=body) as answer:
            assert answer.status == 200, await answer.text()
            said = await answer.text()
        assert len(unloads) == 1
        await asyncio.gather(*unloads.values())
        assert '"total_output_tokens":4' in said
        assert "unloaded" not in said
        assert len(services.registry.instances) == 1


@pytest.mark.asyncio
async def test_a_chat_whose_model_goes_again_and_again_is_told_so(models: Path) -> None:
    async with _engine(models) as (address, services), aiohttp.ClientSession() as http:
        unloads = _unload_when_ready(services, times=100)
        async with http.post(f"{address}/chat", json={"model": "tiny-llm", "input": "hi"}) as told:
            assert told.status >= 400
            assert "unloaded" in await told.text()
        assert len(unloads) == 3
        await asyncio.gather(*unloads.values())


@pytest.mark.asyncio
async def test_a_load_that_nobody_waits_for_any_more_is_stopped(models: Path) -> None:
    async with _engine(models) as (address, services):
        begun, over = asyncio.Event(), asyncio.Event()

        def look() -> None:
            (begun if services.registry.loads else over).set()

        services.registry.listen(look)
        async with aiohttp.ClientSession() as http:
            asking = asyncio.create_task(
                http.post(f"{address}/models/load", json={"model": "big-llm"})
            )
            await begun.wait()
            (load,) = services.registry.loads
            over.clear()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        await asyncio.wait_for(load.gone.wait(), 10)
        assert services.registry.instances == services.registry.loads == ()
