"""What a load would take, for `%lms estimate`, `%lms load --estimate-only` and Python alike."""

from msgspec import Struct
from msgspec.structs import replace

from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.fitting_in import Fitted, fit_in
from lms_jupyter.manager.resolve import Resolution, resolve
from lms_jupyter.protocol.models import Estimate, LoadConfig


class Estimated(Struct, frozen=True, kw_only=True):
    """What a load would take, of which model, and which context was found if one was to be."""

    resolution: Resolution
    estimate: Estimate
    config: LoadConfig
    fitted: Fitted | None = None


async def estimated(asked: NotebookRequest, manager: Manager) -> Estimated:
    """Ask the host what a load would take, on the device that the request names.

    Raises:
        ModelNotFoundError: No model fits this key.
        AmbiguousModelError: Several models could be meant.
        LmsError: The host has no such device.
    """
    request = asked.request
    models = await lookup.models(manager)
    if asked.local:
        models = tuple(model for model in models if model.device is None)
    resolution = resolve(request.model_key, models, first=asked.first, exact=asked.exact)
    lookup.check_config(request.config, resolution.model, manager.activity)
    _, fitted = await fit_in(request, resolution, manager.connected_host)
    if fitted is not None:
        return Estimated(
            resolution=resolution,
            estimate=fitted.estimate,
            config=fitted.config,
            fitted=fitted,
        )
    model = resolution.model
    if resolution.name in model.variants:
        variants = await manager.connected_host.variants(model)
        model = next((v for v in variants if v.model_key == resolution.name), model)
    if request.device is not None:
        model = replace(model, device=lookup.device(request.device, manager) or None)
    estimate = await manager.connected_host.estimate(model, request.config)
    return Estimated(resolution=resolution, estimate=estimate, config=request.config)
