"""The parts of a running engine, handed to whatever answers requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lms_jupyter.engine.downloads.downloads import Downloads
from lms_jupyter.engine.downloads.hub import Hub
from lms_jupyter.engine.downloads.offers import Offers
from lms_jupyter.engine.gpus.meter import GpuMeter
from lms_jupyter.engine.instances.guardrail import Guardrail
from lms_jupyter.engine.instances.loader import Loader
from lms_jupyter.engine.instances.registry import Registry
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.listeners import Listeners
from lms_jupyter.engine.prediction.constraints import Constraints
from lms_jupyter.engine.prediction.inference import Inference
from lms_jupyter.engine.prediction.llama_http import LlamaHttp
from lms_jupyter.engine.prediction.logs import LogHub
from lms_jupyter.engine.prediction.uploads import Uploads
from lms_jupyter.engine.runtimes.runtimes import Runtimes
from lms_jupyter.engine.settings import Settings
from lms_jupyter.engine.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a route may need."""

    settings: Settings
    catalog: Catalog
    registry: Registry
    runtimes: Runtimes
    loader: Loader
    gpus: GpuMeter
    guardrail: Guardrail
    inference: Inference
    llama: LlamaHttp
    constraints: Constraints
    uploads: Uploads
    hub: Hub
    downloads: Downloads
    offers: Offers = field(default_factory=Offers)
    log: LogHub
    listeners: Listeners
    usage: Usage
    shut_down: Callable[[], None]
    """Ask the engine to end."""
