"""Which models lie on the disk.

`Catalog` looks at the folders each time it is asked, so files that come and go are noticed at once;
it reads only those headers that it has not read before. All of that happens in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lms_jupyter.engine.errors import (
    AmbiguousNameError,
    BaseMissingError,
    EngineError,
    ModelsUnreadableError,
    PathNotFoundError,
)
from lms_jupyter.engine.library.gguf import GgufError, GgufHeader, read_header
from lms_jupyter.engine.library.listing import (
    DownloadedModel,
    Family,
    ModelType,
    ReadFile,
    families,
)
from lms_jupyter.engine.library.names import Fit, closest, fit, spelled
from lms_jupyter.engine.library.scan import FoundFile, note_failure, scan
from lms_jupyter.engine.library.virtual import Stamp, find_model_yamls, virtual_families

__all__ = ["Catalog", "DownloadedModel"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What one look at the folders found."""

    found: tuple[FoundFile, ...] = ()
    headers: Mapping[FoundFile, GgufHeader | GgufError] = field(default_factory=dict)
    """What was read; files that could not be opened are tried again at the next look."""
    families: tuple[Family, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Places that could not be looked at, each with the reason."""

    virtual: tuple[Family, ...] = ()
    """What a `model.yaml` makes of the others."""
    stamps: tuple[Stamp, ...] = ()

    @property
    def all_families(self) -> tuple[Family, ...]:
        """Every model, those that lie there first: a path means them."""
        return (*self.families, *self.virtual)

    def not_found(self, query: str) -> EngineError:
        """Return the error for what nothing fits."""
        if (reason := self.refused.get(spelled(query))) and "/" in query:
            return BaseMissingError(query, reason)
        known = [family.model_key for family in self.all_families]
        return PathNotFoundError(query, known, self.unseen)


class Catalog:
    """The models below some folders; where folders overlap in names, earlier folders win."""

    def __init__(self, folders: Sequence[Path], hub: Path | None = None) -> None:
        """Take the folders, and that of LM Studio's hub, where more `model.yaml` may lie."""
        self._folders = tuple(folders)
        self._defined = self._folders if hub is None else (*self._folders, hub)
        self._listing = _Listing()
        self._lock = asyncio.Lock()
        self._begun = 0
        self._ended = 0

    async def models(self) -> tuple[DownloadedModel, ...]:
        """Return one model per key, in the order of the keys.

        Raises:
            ModelsUnreadableError: There are none, and it is not sure that there are none.
        """
        listing = await self._look()
        for place, reason in listing.unseen.items():
            if not listing.all_families:
                raise ModelsUnreadableError(place, reason)
        found = (family.chosen for family in listing.all_families)
        return tuple(sorted(found, key=lambda model: model.model_key))

    async def everything(self) -> tuple[DownloadedModel, ...]:
        """Return every model and every variant, under each of their keys."""
        found = (await self._look()).all_families
        return tuple(model for family in found for model in (family.chosen, *family.variants))

    async def variants(self, model_key: str) -> tuple[DownloadedModel, ...]:
        """Return all quantisations of a model; none if it is a single file.

        Raises:
            PathNotFoundError: No model has this key.
        """
        found = await self.resolve(model_key)
        listing = await self._look()
        of = (
            family for family in listing.all_families if found in (family.chosen, *family.variants)
        )
        return next((family.variants for family in of), ())

    async def resolve(self, name: str, domain: ModelType | None = None) -> DownloadedModel:
        """Find the model that is meant by any form of its name; see `names`.

        Where a name fits models of both types, `domain` decides.

        Raises:
            AmbiguousNameError: Several models fit.
            PathNotFoundError: Nothing fits.
        """
        listing = await self._look()
        families = listing.all_families
        models = [model for family in families for model in (family.chosen, *family.variants)]
        right = [model for model in models if domain in (None, model.type)]
        hits = closest(name, right, lambda model: model) or closest(
            name, models, lambda model: model
        )
        if not hits:
            raise listing.not_found(name)
        if len({model.file for model in hits}) > 1:
            raise AmbiguousNameError(name, dict.fromkeys(model.model_key for model in hits))
        # The variant that the bare key means is there twice, under both of its keys.
        by_label = "@" in name and fit(name, hits[0]) is not Fit.PATH
        return next((hit for hit in hits if ("@" in hit.model_key) is by_label), hits[0])

    async def refused(self) -> Mapping[str, str]:
        """Return the GGUF files that are not offered, by relative path, each with the reason."""
        return (await self._look()).refused

    async def _look(self) -> _Listing:
        """Look at the folders, or take the result of a look that began after we asked."""
        asked = self._begun
        async with self._lock:
            if self._ended <= asked:
                self._begun = number = self._begun + 1
                self._listing = await asyncio.to_thread(
                    _look, self._folders, self._defined, self._listing
                )
                self._ended = number
            return self._listing


def _look(folders: Sequence[Path], defined: Sequence[Path], last: _Listing) -> _Listing:
    """Look at the folders and read what is new since the last look."""
    sighting = scan(folders)
    found, unseen = sighting.files, dict(sighting.unseen)
    stamps = find_model_yamls(defined)
    is_same = (found, stamps, unseen) == (last.found, last.stamps, last.unseen)
    if is_same and len(last.headers) == len(found):
        return last
    headers: dict[FoundFile, GgufHeader | GgufError] = {}
    refused: dict[str, str] = {}
    for file in found:
        try:
            header = last.headers.get(file) or _header(file)
        except OSError as error:
            note_failure(error, file.path, unseen)
            name = file.relative.name
            refused[str(file.relative)] = f"{name} cannot be read: {error.strerror}."
            continue
        headers[file] = header
        if isinstance(header, GgufError):
            refused[str(file.relative)] = str(header)
    models, no_models = families(
        ReadFile(file.path, file.relative, file.size_bytes, header)
        for file, header in headers.items()
        if isinstance(header, GgufHeader)
    )
    virtual, not_made = virtual_families(stamps, models)
    refused |= {**no_models, **not_made}
    for path, reason in unseen.items():
        if last.unseen.get(path) != reason:
            _log.warning("could not look at %s: %s", path, reason)
    for path, reason in refused.items():
        if last.refused.get(path) != reason:
            _log.info("not offered: %s: %s", path, reason)
    return _Listing(found, headers, models, refused, unseen, virtual, stamps)


def _header(file: FoundFile) -> GgufHeader | GgufError:
    try:
        return read_header(file.path, name=file.relative.name)
    except GgufError as error:
        return error
