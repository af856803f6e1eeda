"""What a host says of a model that it has taken off its disk."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from lms_jupyter.hosts.reading import noun, reads


class Deleted(Struct, frozen=True, kw_only=True):
    """A model that is no longer on the host's disk."""

    model_key: str
    files: tuple[str, ...]
    size_bytes: int
    """Of its files; a link has none."""
    links: int = 0
    """How many of them were links: what they point to is where it was."""
    bin: str | None = None
    """The folder on the host's machine where they lie now; `None`: they are gone for good."""


class _Calls(Protocol):
    async def _call(
        self, namespace: str, endpoint: str, parameters: Mapping[str, Any] | None = None
    ) -> Any: ...


class DeletesModels:
    """A part of `SdkHost`."""

    async def delete_model(self: _Calls, model_key: str, *, permanently: bool) -> Deleted:
        """Take a model off the disk; see `Host.delete_model`."""
        asked = {"modelKey": model_key, "permanently": permanently}
        return _deleted(await self._call("system", "deleteModel", asked))


@reads("what was deleted")
def _deleted(raw: Mapping[str, Any]) -> Deleted:
    fields = {
        "model_key": raw["modelKey"],
        "files": raw["files"],
        "size_bytes": raw["sizeBytes"],
        "links": raw["links"],
        "bin": raw["bin"],
    }
    return noun(fields, Deleted)
