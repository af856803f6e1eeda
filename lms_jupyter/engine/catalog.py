"""Which models lie on the disk.

`Catalog` looks at the folders each time it is asked, so files that come and go are noticed at once;
it reads only those headers that it has not read before. All of that happens in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lms_jupyter.engine.errors import PathNotFoundError
from lms_jupyter.engine.gguf import GgufError, GgufHeader, read_header
from lms_jupyter.engine.listing import DownloadedModel, Family, ReadFile, families
from lms_jupyter.engine.scan import FoundFile, scan

__all__ = ["Catalog", "DownloadedModel", "Resolution"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a query means."""

    model: DownloadedModel
    ambiguous: tuple[str, ...] = ()
    """If several models fit, the keys of all of them; the first is `model`."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """What one look at the folders found."""

    found: tuple[FoundFile, ...] = ()
    headers: Mapping[FoundFile, GgufHeader | GgufError] = field(default_factory=dict)
    """What was read; files that could not be opened are tried again at the next look."""
    families: tuple[Family, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


class Catalog:
    """The models below some folders; where folders overlap in names, earlier folders win."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._listing = _Listing()
        self._lock = asyncio.Lock()
        self._begun = 0
        self._ended = 0

    async def models(self) -> tuple[DownloadedModel, ...]:
        """Return one model per key, in the order of the keys."""
        listing = await self._look()
        return tuple(family.chosen for family in listing.families)

    async def variants(self, model_key: str) -> tuple[DownloadedModel, ...]:
        """Return all quantisations of a model; none if it is a single file.

        Raises:
            PathNotFoundError: No model has this key.
        """
        listing = await self._look()
        for family in listing.families:
            if family.model_key == model_key.lower():
                return family.variants
        raise PathNotFoundError(model_key, [family.model_key for family in listing.families])

    async def resolve(self, query: str) -> Resolution:
        """Find the model that is meant by a path, a key, or the beginning of either.

        In this order, and in any case of letters: the relative path of a file, a key with or
        without its variant, the same after `publisher/`, and `publisher/repository`.

        Raises:
            PathNotFoundError: Nothing fits.
        """
        listing = await self._look()
        wanted = query.strip().lower()
        for rule in (_by_path, _by_key, _by_repository):
            hits = rule(listing.families, wanted)
            if hits:
                keys = tuple(dict.fromkeys(model.model_key for model in hits))
                return Resolution(hits[0], keys if len(keys) > 1 else ())
        raise PathNotFoundError(query, [family.model_key for family in listing.families])

    async def refused(self) -> Mapping[str, str]:
        """Return the GGUF files that are not offered, by relative path, each with the reason."""
        return (await self._look()).refused

    async def _look(self) -> _Listing:
        """Look at the folders, or take the result of a look that began after we asked."""
        asked = self._begun
        async with self._lock:
            if self._ended <= asked:
                self._begun = number = self._begun + 1
                self._listing = await asyncio.to_thread(_look, self._folders, self._listing)
                self._ended = number
            return self._listing


def _look(folders: Sequence[Path], last: _Listing) -> _Listing:
    """Look at the folders and read what is new since the last look."""
    found = scan(folders)
    if found == last.found and len(last.headers) == len(found):
        return last
    headers: dict[FoundFile, GgufHeader | GgufError] = {}
    refused: dict[str, str] = {}
    for file in found:
        try:
            header = last.headers.get(file) or _header(file)
        except OSError as error:
            refused[str(file.relative)] = f"{file.path.name} cannot be read: {error.strerror}."
            continue
        headers[file] = header
        if isinstance(header, GgufError):
            refused[str(file.relative)] = str(header)
    models, no_models = families(
        ReadFile(file.path, file.relative, file.size_bytes, header)
        for file, header in headers.items()
        if isinstance(header, GgufHeader)
    )
    refused |= no_models
    for path, reason in refused.items():
        if last.refused.get(path) != reason:
            _log.info("not offered: %s: %s", path, reason)
    return _Listing(found, headers, models, refused)


def _header(file: FoundFile) -> GgufHeader | GgufError:
    try:
        return read_header(file.path)
    except GgufError as error:
        return error


def _by_path(families: Sequence[Family], wanted: str) -> list[DownloadedModel]:
    return [
        family.chosen if model.path == family.chosen.path else model
        for family in families
        for model in (family.variants or (family.chosen,))
        if model.path.lower() == wanted
    ]


def _by_key(families: Sequence[Family], wanted: str) -> list[DownloadedModel]:
    hits = []
    for family in families:
        for model in (family.chosen, *family.variants):
            publisher, _, own = model.model_key.rpartition("/")
            names = {model.model_key, own, f"{publisher or model.publisher.lower()}/{own}"}
            if wanted in names:
                hits.append(model)
    return hits


def _by_repository(families: Sequence[Family], wanted: str) -> list[DownloadedModel]:
    repository = PurePosixPath(wanted)
    if len(repository.parts) < 2:  # noqa: PLR2004 - a publisher alone means nothing
        return []
    hits = []
    for family in families:
        models = (family.chosen, *family.variants)
        below = [m for m in models if repository in PurePosixPath(m.path.lower()).parents]
        hits += below[:1]
    return hits
