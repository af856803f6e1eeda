"""What a load would take, for `%lms estimate`, `%lms load --estimate-only` and Python alike."""

from msgspec.structs import replace

from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.resolve import Resolution, resolve
from lms_jupyter.protocol.models import Estimate


async def estimated(asked: NotebookRequest, manager: Manager) -> tuple[Resolution, Estimate]:
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
    lookup.check_config(request.config, resolution.model, manager)
    model = resolution.model
    if resolution.name in model.variants:
        variants = await manager.connected_host.variants(model)
        model = next((v for v in variants if v.model_key == resolution.name), model)
    if request.device is not None:
        model = replace(model, device=lookup.device(request.device, manager) or None)
    return resolution, await manager.connected_host.estimate(model, request.config)
