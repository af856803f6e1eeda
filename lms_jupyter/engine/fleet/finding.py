"""Where an instance is that a client means: here, or on which device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.fleet.device import Device
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.routes import models
from lms_jupyter.engine.wire.specifiers import specifier
from lms_jupyter.engine.worker.load_settings import Domain


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds instances of one type."""

    gateway: Gateway
    domain: Domain

    def is_here(self, parameter: Any, where: str) -> bool:
        """Whether the gateway itself has what is meant, or has to say what is wrong about it."""
        services = self.gateway.services
        wanted = parameter.get(where) if isinstance(parameter, Mapping) else None
        try:
            models.find(services, self.domain, wanted)
        except BadRequestError:
            return True
        except EngineError:
            return False
        return True

    async def holder(self, parameter: Any, where: str) -> Device | None:
        """Return the device that has what is meant, `None` if nobody has."""
        wanted = specifier(parameter[where])
        found = self.gateway.fleet.holder(wanted, self.domain)
        if found is not None:
            return found[0]
        if isinstance(wanted, str) or (wanted.identifier is None and wanted.path is None):
            return None
        asked = {"specifier": parameter[where], "throwIfNotFound": False}
        answers = await self.gateway.fleet.ask_all(self.domain, "getModelInfo", asked)
        return answers[0][0] if answers else None
