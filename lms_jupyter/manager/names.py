"""All forms of the name of a model or of an instance. Pure.

A host understands them too; here they are needed to know what is meant before it is asked. In any
case of letters, a name is

- a path: `publisher/repository/file.gguf`;
- a key, `qwen3-4b`, with its publisher or without, of a variant with `@q8_0`, of an embedding model
  also without the prefix that LM Studio puts before it;
- a repository, as the hub calls it or without its `-GGUF`, with `@q8_0` or without;
- of an instance its identifier, or any of these with the number of the instance: `qwen3-4b:2`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from pathlib import PurePosixPath
from typing import Final, Literal, TypeVar

from lms_jupyter.protocol.models import Instance, Model

EMBEDDING_PREFIX: Final = "text-embedding-"

T = TypeVar("T")
How = Literal["key", "variant", "path"]

_NUMBER: Final = re.compile(r":\d+$")
_FILE: Final = ".gguf"
_REPOSITORY: Final = "-gguf"


class Fit(IntEnum):
    """How a name fits a model; the lowest wins."""

    PATH = 0
    KEY = 1
    OTHER_KEY = 2
    REPOSITORY = 3


def reading(name: str, model: Model) -> tuple[Fit, str, How] | None:
    """Say how a name fits a model, what to send to the host, and what kind of name that is."""
    wanted = spelled(name)
    if not wanted:
        return None
    if wanted == spelled(model.model_key):
        return Fit.KEY, model.model_key, "key"
    for variant in model.variants:
        if wanted == spelled(variant):
            return Fit.KEY, variant, "variant"
    return _as_path(wanted, model) or _as_other_name(wanted, model)


def _as_path(wanted: str, model: Model) -> tuple[Fit, str, How] | None:
    """Read a name as the path of a file: the model's own, or a variant's beside it."""
    path = spelled(model.path)
    if wanted in {path, path.removesuffix(_FILE)}:
        return Fit.PATH, model.path, "path"
    folder, _, file = wanted.rpartition("/")
    if not file.endswith(_FILE) or folder not in _repositories(path):
        return None
    stem = file.removesuffix(_FILE)
    variants = [variant for variant in model.variants if stem.endswith(_label(variant))]
    return (Fit.PATH, variants[0], "variant") if len(variants) == 1 else None


def _as_other_name(wanted: str, model: Model) -> tuple[Fit, str, How] | None:
    """Read a name as a key with or without its publisher, or as a repository."""
    path = spelled(model.path)
    for stem, label in _readings(wanted):
        found = _labelled(label, model)
        if found is not None and stem in _keys(model):
            return Fit.OTHER_KEY, *found
        if found is not None and stem in _repositories(path):
            return Fit.REPOSITORY, *found
    return None


def closest(name: str, among: Iterable[T], model_of: Callable[[T], Model]) -> list[T]:
    """Return those that a name fits best; several where it is ambiguous."""
    read = [(found[0], item) for item in among if (found := reading(name, model_of(item)))]
    best = min((fit for fit, _ in read), default=None)
    return [item for fit, item in read if fit is best]


def named(name: str, instances: Sequence[Instance], models: Sequence[Model] = ()) -> list[Instance]:
    """Return the instances that a name fits best: by identifier first, then by model."""
    for instance in instances:
        if instance.identifier == name:
            return [instance]
    wanted = spelled(name)
    found = [instance for instance in instances if spelled(instance.identifier) == wanted]
    if found:
        return found

    def model_of(instance: Instance) -> Model:
        return of_instance(instance, models)

    found = closest(name, instances, model_of)
    if found:
        return found
    number = _NUMBER.search(name)
    if number is None:
        return []
    numbered = [instance for instance in instances if instance.identifier.endswith(number[0])]
    return closest(name[: number.start()], numbered, model_of)


def of_instance(instance: Instance, models: Sequence[Model] = ()) -> Model:
    """Return the model of an instance, for names alone: its variant counts as the whole model."""
    publisher = next(
        (m.publisher for m in models if instance.model_key in (m.model_key, *m.variants)), None
    )
    return Model(
        model_key=instance.model_key,
        kind=instance.kind,
        display_name=instance.display_name,
        publisher=publisher or (instance.path.partition("/")[0] if "/" in instance.path else None),
        path=instance.path,
        size_bytes=instance.size_bytes,
        quantization=instance.quantization,
        max_context_length=instance.max_context_length,
    )


def spelled(name: str) -> str:
    """Return the one spelling that stands for all that mean the same."""
    return name.strip().replace("\\", "/").rstrip("/").casefold()


def _readings(wanted: str) -> Iterator[tuple[str, str]]:
    yield wanted, ""
    stem, at, label = wanted.rpartition("@")
    if at and label:
        yield stem, label


def _labelled(label: str, model: Model) -> tuple[str, How] | None:
    """Return the key of the variant with this label, of the model itself without one."""
    if not label:
        return model.model_key, "key"
    for variant in model.variants:
        if _label(variant) == label:
            return variant, "variant"
    own = {_label(model.model_key), (model.quantization or "").casefold()}
    return None if model.variants or label not in own else (model.model_key, "key")


def _label(variant: str) -> str:
    return variant.casefold().rpartition("@")[2] if "@" in variant else ""


def _keys(model: Model) -> set[str]:
    """Return the key with and without its publisher and its prefix."""
    own = model.model_key.casefold()
    own = own.rpartition("@")[0] or own
    publisher, _, own = own.rpartition("/")
    owns = {own, own.removeprefix(EMBEDDING_PREFIX)} if model.kind == "embedding" else {own}
    publishers = {publisher, (model.publisher or "").casefold()} - {""}
    return owns | {f"{prefix}/{name}" for prefix in publishers for name in owns}


def _repositories(path: str) -> set[str]:
    folders = {str(folder) for folder in PurePosixPath(path).parents if len(folder.parts) > 1}
    return folders | {folder.removesuffix(_REPOSITORY) for folder in folders}
