"""All forms of a model's name, and which of several models one of them means. Pure.

A name is understood wherever one is taken, in any case of letters, as

- a path: `publisher/repository/file.gguf`, or where the file lies;
- a key: `tutor-1m`, with its publisher or without, of a variant with `@q8_0`; of an embedding model
  also without the prefix that LM Studio puts before it;
- a repository, as the hub calls it or as LM Studio's hub would: `publisher/Tutor-1M-GGUF`,
  `publisher/tutor-1m`, with `@q8_0` or without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, TypeVar

from lms_jupyter.engine.library.naming import EMBEDDING_PREFIX

if TYPE_CHECKING:
    from lms_jupyter.engine.library.listing import DownloadedModel

T = TypeVar("T")

_NUMBER: Final = re.compile(r":(\d+)$")
_GGUF: Final = "-gguf"


class Fit(IntEnum):
    """How a name fits a model; the lowest wins."""

    PATH = 0
    KEY = 1
    OTHER_KEY = 2
    """With the publisher, or without the prefix of embedding models."""
    REPOSITORY = 3
    IN_REPOSITORY = 4
    """A file of the repository, but not the one that its name alone means."""


def fit(name: str, model: DownloadedModel) -> Fit | None:
    """Say how a name fits a model, `None` if it does not."""
    wanted = spelled(name)
    if not wanted:
        return None
    path = spelled(model.path)
    if wanted in {path, path.removesuffix(".gguf"), spelled(str(model.file))}:
        return Fit.PATH
    if wanted in {spelled(model.model_key), spelled(model.selected_variant or "")}:
        return Fit.KEY
    fits = [_fit(stem, label, model, path) for stem, label in _readings(wanted)]
    return min((step for step in fits if step is not None), default=None)


def closest(name: str, among: Iterable[T], model_of: Callable[[T], DownloadedModel]) -> list[T]:
    """Return those that a name fits best; they are of one model unless the name is ambiguous."""
    fits = [
        (how, candidate)
        for candidate in among
        if (how := fit(name, model_of(candidate))) is not None
    ]
    best = min((how for how, _ in fits), default=None)
    return [candidate for how, candidate in fits if how is best]


def without_number(name: str) -> tuple[str, str]:
    """Split off the number of an instance: `tutor-1m:2` is the second one of `tutor-1m`."""
    found = _NUMBER.search(name)
    return (name[: found.start()], found[0]) if found else (name, "")


def spelled(name: str) -> str:
    """Return the one spelling that stands for all that mean the same."""
    return name.strip().replace("\\", "/").rstrip("/").casefold()


def _readings(wanted: str) -> Iterator[tuple[str, str]]:
    """Read a name as a whole, and as something with the label of a variant."""
    yield wanted, ""
    stem, at, label = wanted.rpartition("@")
    if at and label:
        yield stem, label


def _fit(stem: str, label: str, model: DownloadedModel, path: str) -> Fit | None:
    bare, _, own_label = (model.selected_variant or model.model_key).casefold().rpartition("@")
    if model.selected_variant is None:
        bare, own_label = model.model_key.casefold(), ""
    labels = {own_label, (model.quantization_name or "").casefold()}
    is_named = label in labels if label else model.model_key.casefold() == bare
    if stem in _keys(bare, model) and is_named:
        return Fit.OTHER_KEY
    if stem in _repositories(path):
        if is_named:
            return Fit.REPOSITORY
        return None if label else Fit.IN_REPOSITORY
    return None


def _keys(bare: str, model: DownloadedModel) -> set[str]:
    """Return the key with and without its publisher and its prefix."""
    own = bare.rpartition("/")[2]
    owns = {own, own.removeprefix(EMBEDDING_PREFIX)} if model.type == "embedding" else {own}
    return owns | {f"{model.publisher.casefold()}/{name}" for name in owns}


def _repositories(path: str) -> set[str]:
    """Return the folders that a file lies in, from `publisher/repository` on."""
    folders = {str(folder) for folder in PurePosixPath(path).parents if len(folder.parts) > 1}
    return folders | {folder.removesuffix(_GGUF) for folder in folders}
