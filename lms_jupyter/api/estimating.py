"""What a load would take, for `%lms estimate`, `%lms load --estimate-only` and Python alike."""

from msgspec.structs import replace

from lms_jupyter.api.session import Wish
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.resolve import Meant, resolve
from lms_jupyter.protocol.models import Estimate


async def reckon(wish: Wish, manager: Manager) -> tuple[Meant, Estimate]:
    """Ask the host what a load would take, on the device that the wish names.

    Raises:
        ModelNotFoundError: No model fits this key.
        AmbiguousModelError: Several models could be meant.
        LmsError: The host has no such device.
    """
    models = await lookup.models(manager)
    if wish.local:
        models = tuple(model for model in models if model.device is None)
    meant = resolve(wish.name, models, first=wish.first, exact=wish.exact)
    lookup.check_config(wish.config, meant.model)
    model = meant.model
    if meant.name in model.variants:
        named = await manager.connected_host.variants(model)
        model = next((v for v in named if v.model_key == meant.name), model)
    if wish.device is not None:
        model = replace(model, device=lookup.device(wish.device, manager) or None)
    return meant, await manager.connected_host.estimate(model, wish.config)
