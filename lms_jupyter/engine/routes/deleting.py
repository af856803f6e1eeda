"""Deletes a model from the disk; LM Studio's clients have no call for that."""

from __future__ import annotations

import asyncio
from typing import Any

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.library.deletion import delete, files_of
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.fields import an_object, optional_flag, text


async def delete_model(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    """Move a model's files to the bin, or remove them."""
    asked = an_object(parameter)
    name, permanently = text(asked, "modelKey"), optional_flag(asked, "permanently")
    model = await services.catalog.resolve(name)
    files = files_of(name, model, await services.catalog.everything())
    # Nothing is awaited from here until the files begin to move.
    registry = services.registry
    for instance in (*registry.instances, *registry.loads):
        plan = instance.plan
        used = {plan.model.file} | ({plan.draft.file} if plan.draft else set())
        if model.file in used or (model.mmproj in files and plan.model.mmproj == model.mmproj):
            state = "in memory" if instance.is_ready else "being loaded"
            raise BadRequestError(
                f"{name!r} is {state} as {instance.identifier!r}.", hint="Unload it first."
            )
    deleted = await asyncio.to_thread(delete, name, files, permanently=permanently)
    return {
        "modelKey": name,
        "files": list(deleted.files),
        "sizeBytes": deleted.size_bytes,
        "links": deleted.links,
        "bin": None if deleted.bin is None else str(deleted.bin),
    }
