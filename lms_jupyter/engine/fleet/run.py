"""Makes an engine the gateway of its fleet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.fleet import link, models, rest, system
from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.keeping import Keeper
from lms_jupyter.engine.fleet.listed import Listed
from lms_jupyter.engine.fleet.node import Nodes
from lms_jupyter.engine.fleet.placing import Placing
from lms_jupyter.engine.routes.connection import Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.routes.sdk import Over
from lms_jupyter.engine.services import Services


@asynccontextmanager
async def gateway(
    named: str, services: Services, application: web.Application
) -> AsyncIterator[Over]:
    """Follow a fleet for as long as the block runs; yields what its namespaces become."""
    async with aiohttp.ClientSession() as session, AsyncExitStack() as stack:
        fleet = Fleet(session)
        nodes = await _nodes(named, fleet, stack)
        await stack.enter_async_context(fleet.following(nodes))
        made = Gateway(services=services, fleet=fleet)

        placings: dict[str, Placing] = {}
        await stack.enter_async_context(Keeper(made, placings).keeping())
        application.middlewares.append(rest.middleware(made, placings))

        def over(local: Namespace) -> Namespace:
            match local.name:
                case "llm" | "embedding" as domain:
                    estimate = partial(local.rpcs["estimateModelUsage"], Caller("", ""))
                    placings[domain] = Placing(made, domain, estimate)
                    return models.over(made, domain, local, placings[domain])
                case "system":
                    return system.over(made, local)
                case "repository":
                    return link.over(made, local)
                case _:
                    return local

        yield over


async def _nodes(named: str, fleet: Fleet, stack: AsyncExitStack) -> Nodes:
    """Return who finds the machines: Ray, or a file."""
    kind, _, address = named.partition(":")
    if kind != "ray":
        return Listed.read(Path(named))
    try:
        from lms_jupyter.engine.fleet.ray_nodes import RayNodes  # noqa: PLC0415 - only where wanted
    except ImportError as error:
        raise BadRequestError(
            f"A fleet on Ray needs Ray, which is not installed here ({error}).",
            hint="Install it: pip install 'lms-jupyter[fleet]'",
        ) from error
    nodes = await RayNodes.join(address, fleet.is_connected)
    stack.push_async_callback(nodes.close)
    return nodes
