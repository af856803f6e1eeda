"""Takes a model off the disk of a host."""

from typing import cast

from msgspec.structs import replace

from lms_jupyter.api.sizes import format_size
from lms_jupyter.hosts.deletion import Deleted
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.protocol.commands import DeleteModel
from lms_jupyter.protocol.models import Model


async def to_delete(key: str, manager: Manager) -> Model:
    """Return what a name means, to ask before it is deleted: never what only looks like it."""
    found = await lookup.model_exactly(key, manager)
    return replace(found.model, model_key=found.name)


async def delete(key: str, manager: Manager, *, permanently: bool) -> Deleted:
    """Delete a model by its key, variant or path."""
    deleted = await run(DeleteModel(model_key=key, permanently=permanently), manager)
    return cast("Deleted", deleted)


def sentence(deleted: Deleted) -> str:
    """Say what has become of a model."""
    size = format_size(deleted.size_bytes)
    text = (
        f"{deleted.model_key} is deleted: {size} are free again."
        if deleted.bin is None
        else f"{deleted.model_key} is in the bin ({deleted.bin}): emptying it frees {size}."
    )
    if deleted.links:
        text += f" {deleted.links} of its files were links: what they point to is where it was."
    return text
