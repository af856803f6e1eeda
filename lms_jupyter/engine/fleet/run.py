"""Makes an engine the gateway of its fleet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lms_jupyter.engine.fleet import link, models, system
from lms_jupyter.engine.fleet.fleet import following
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.fleet.listed import Listed
from lms_jupyter.engine.fleet.node import Nodes
from lms_jupyter.engine.routes.connection import Namespace
from lms_jupyter.engine.routes.sdk import Over
from lms_jupyter.engine.services import Services


@asynccontextmanager
async def gateway(named: str, services: Services) -> AsyncIterator[Over]:
    """Follow a fleet for as long as the block runs; yields what its namespaces become."""
    async with following(_nodes(named)) as fleet:
        made = Gateway(services=services, fleet=fleet)

        def over(local: Namespace) -> Namespace:
            match local.name:
                case "llm" | "embedding" as domain:
                    return models.over(made, domain, local)
                case "system":
                    return system.over(made, local)
                case "repository":
                    return link.over(made, local)
                case _:
                    return local

        yield over


def _nodes(named: str) -> Nodes:
    return Listed.read(Path(named))
