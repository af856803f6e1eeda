"""Models that a `model.yaml` makes of others: which there are, and on whose weights."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lms_jupyter.engine.library.listing import MAX_WORD, DownloadedModel, Family
from lms_jupyter.engine.library.model_yaml import FILE, ModelYaml, ModelYamlError, read_model_yaml
from lms_jupyter.engine.library.names import closest, spelled
from lms_jupyter.engine.safe_text import safe

Stamp = tuple[Path, int, int]
"""A file with its size and time: equal to an earlier one if nothing was written to it."""
_MOST: Final = 4096

_log = logging.getLogger(__name__)


def find_model_yamls(folders: Iterable[Path]) -> tuple[Stamp, ...]:
    """Find the files in `publisher/name/` below some folders; earlier folders win."""
    found: dict[str, Stamp] = {}
    for folder in folders:
        try:
            for path in sorted(folder.glob(f"*/*/{FILE}"))[:_MOST]:
                status = path.stat()
                name = "/".join(path.parts[-3:-1]).casefold()
                found.setdefault(name, (path, status.st_size, status.st_mtime_ns))
        except OSError as error:
            _log.debug("passing over %s: %s", folder, error)
    return tuple(found.values())


def virtual_families(
    stamps: Sequence[Stamp], families: Sequence[Family]
) -> tuple[tuple[Family, ...], Mapping[str, str]]:
    """Make models of the files.

    Args:
        stamps: The files.
        families: The models that lie on the disk.

    Returns:
        The models, and for each file that makes none, by `publisher/name`, why not.
    """
    refused: dict[str, str] = {}
    waiting: list[ModelYaml] = []
    for path, _, _ in stamps:
        name = safe("/".join(path.parts[-3:-1]))
        try:
            waiting.append(read_model_yaml(path))
        except ModelYamlError as error:
            refused[spelled(name)] = f"The {FILE} of {name!r} cannot be used: {error}."
        except OSError as error:
            refused[spelled(name)] = f"The {FILE} of {name!r} cannot be read: {error.strerror}."
    made: dict[str, Family] = {}
    # One may be made of another: each round makes those whose base is there by then.
    while ready := [
        (virtual, base) for virtual in waiting if (base := _base(virtual, families, made))
    ]:
        for definition, base in ready:
            made[definition.model] = _family(definition, base)
            waiting.remove(definition)
    for left in waiting:
        names = ", ".join(base.key for base in left.bases)
        refused[left.model] = f"The model {left.model!r} is made of {names}, and none is there."
    return tuple(sorted(made.values(), key=lambda family: family.model_key)), refused


def _base(
    definition: ModelYaml, families: Sequence[Family], made: Mapping[str, Family]
) -> Family | None:
    """Find the weights: the first base that is there."""
    for base in definition.bases:
        key = spelled(base.key)
        if key in made and key != definition.model:
            return made[key]
        for name in base.names:
            hits = closest(name, families, lambda family: family.chosen)
            hits = hits or [
                replace(family, chosen=variant)
                for family in families
                for variant in closest(name, family.variants, lambda key: key)
            ]
            if hits:
                return hits[0]
    return None


def _family(definition: ModelYaml, base: Family) -> Family:
    merged = definition.over(base.chosen.virtual)
    key = definition.model
    labels = [variant.model_key.rpartition("@")[2] for variant in base.variants]
    names = tuple(f"{key}@{label}" for label in labels)
    variants = tuple(
        replace(
            _made(variant, merged), model_key=name, path=name, variants=names, selected_variant=name
        )
        for variant, name in zip(base.variants, names, strict=True)
    )
    selected = base.chosen.selected_variant
    chosen = replace(
        _made(base.chosen, merged),
        model_key=key,
        variants=names,
        selected_variant=f"{key}@{selected.rpartition('@')[2]}" if selected else None,
    )
    return Family(key, chosen, variants)


def _made(model: DownloadedModel, definition: ModelYaml) -> DownloadedModel:
    """Return a model under the name of a definition, with what that says about it."""
    publisher, _, name = definition.model.partition("/")
    overrides = definition.overrides
    tools = overrides.get("trainedForToolUse")
    return replace(
        model,
        display_name=name,
        publisher=publisher,
        path=definition.model,
        params_string=_only(overrides.get("paramsStrings")) or model.params_string,
        architecture=_only(overrides.get("architectures")) or model.architecture,
        trained_for_tool_use=tools if isinstance(tools, bool) else model.trained_for_tool_use,
        virtual=definition,
    )


def _only(values: object) -> str | None:
    """Return the sole entry of a list of texts; several are for several files."""
    match values:
        case [str(text)]:
            return safe(text, MAX_WORD)
    return None
