"""Takes a model off the disk: which files are its own, who else needs them, and where they go."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lms_jupyter.engine.errors import BadRequestError, PathNotFoundError
from lms_jupyter.engine.library.bin import bin_for
from lms_jupyter.engine.library.listing import DownloadedModel
from lms_jupyter.engine.library.naming import part_of
from lms_jupyter.engine.library.scan import SUFFIX
from lms_jupyter.engine.settings import SHIPPED_MODELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What was taken off the disk."""

    files: tuple[str, ...]
    size_bytes: int
    """Of the files themselves: a link has none."""
    links: int
    """How many of them were links; what they point to is where it was."""
    bin: Path | None
    """Where they lie now; `None`: they are gone for good."""


def files_of(
    name: str, model: DownloadedModel, everything: Sequence[DownloadedModel]
) -> tuple[Path, ...]:
    """Return the files that are this model's alone.

    Args:
        name: What the model is called by who wants it deleted.
        model: What that name means.
        everything: All models and variants of the library.

    Raises:
        BadRequestError: It may not be deleted; the sentence says why.
    """
    if name not in (model.model_key, model.path):
        raise BadRequestError(
            f"Nothing is called {name!r} to the letter.", hint=f"Is {model.model_key!r} meant?"
        )
    if model.file.is_relative_to(SHIPPED_MODELS):
        raise BadRequestError(
            f"{name!r} came with the package lms-jupyter, and goes with it.",
            hint="`--no-default-models` has the engine not offer it.",
        )
    if len(model.variants) > 1 and name == model.model_key and name not in model.variants:
        raise BadRequestError(
            f"{name!r} has {len(model.variants)} quantisations.",
            hint=f"Name one of them: {', '.join(model.variants)}.",
        )
    if model.virtual is not None:
        raise BadRequestError(
            f"{name!r} is made by a model.yaml, and has no files of its own.",
            hint="Remove that model.yaml, or delete the model that it is made of.",
        )
    made = sorted(
        {other.model_key for other in everything if other.virtual and other.file == model.file}
    )
    if made:
        raise BadRequestError(
            f"{name!r} is needed by {', '.join(made)}: made of it by a model.yaml.",
            hint="Remove the model.yaml first.",
        )
    own = parts_of(model.file)
    others = {other.mmproj for other in everything if other.file != model.file}
    if model.mmproj is not None and model.mmproj not in others:
        own = (*own, model.mmproj)
    return own


def delete(name: str, files: Sequence[Path], *, permanently: bool = False) -> Deleted:
    """Move files to the bin, or remove them where there is none; in a thread, disks are slow.

    Raises:
        PathNotFoundError: Somebody else was faster.
        BadRequestError: The system does not allow it.
    """
    size_bytes = links = 0
    folder: Path | None = None
    gone: list[str] = []
    for path in files:
        try:
            status = path.lstat()
            is_link = stat.S_ISLNK(status.st_mode)
            place = None if permanently else bin_for(path)
            if place is None:
                path.unlink()
            else:
                folder = place.put(path).parent
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadRequestError(
                f"{path.name} cannot be deleted: {error.strerror}.",
                hint=f"It lies in {path.parent}.",
            ) from error
        gone.append(path.name)
        links += is_link
        size_bytes += 0 if is_link else status.st_size
    if not gone:
        raise PathNotFoundError(name, [])
    _remove_empty(files[0].parent)
    return Deleted(files=tuple(gone), size_bytes=size_bytes, links=links, bin=folder)


def parts_of(file: Path) -> tuple[Path, ...]:
    """Return a file, or all parts of the split model that it begins."""
    part = part_of(file.stem)
    if part is None:
        return (file,)
    found = []
    for other in sorted(file.parent.iterdir()):
        named = part_of(other.stem) if other.name.lower().endswith(SUFFIX) else None
        if named and (named.whole.lower(), named.count) == (part.whole.lower(), part.count):
            found.append(other)
    return tuple(found)


def _remove_empty(folder: Path) -> None:
    """Remove the model's folder and its publisher's, if nothing is left in them."""
    for path in (folder, folder.parent):
        with contextlib.suppress(OSError):
            path.rmdir()
