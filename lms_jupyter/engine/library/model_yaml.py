"""Reads `model.yaml`: a model that is another one's weights, with settings and switches of its own.

LM Studio's hub describes its models so: `qwen/qwen3-8b` is one of several files, with what it is
best loaded and asked with. They lie as `publisher/name/model.yaml` in a models folder, or in LM
Studio's `hub/models`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from lms_jupyter.engine.safe_text import safe

FILE: Final = "model.yaml"
MAX_DEPTH: Final = 200
MAX_BYTES: Final = 256 * 2**10
_NAME: Final = re.compile(r"[^/\s]+/[^/\s]+")
_CUSTOM_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "boolean": bool,
    "string": str,
    "select": str,
    "number": (int, float),
}
Fields = tuple[tuple[str, Any], ...]


class ModelYamlError(ValueError):
    """A file is no `model.yaml` that can be used; one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A model whose weights may be used."""

    key: str
    repositories: tuple[str, ...] = ()
    """Where it comes from, `owner/name`."""

    @property
    def names(self) -> tuple[str, ...]:
        """All that it may be called on this disk."""
        return (self.key, *self.repositories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a custom field does."""

    kind: Literal["setJinjaVariable", "prependSystemPrompt", "appendSystemPrompt"]
    text: str
    """The variable, or what is added to the system prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """A switch of a model: a client sets it by its key, and it has a default."""

    key: str
    default: Any
    effects: tuple[Effect, ...] = ()
    options: tuple[str, ...] = ()
    """What a select may be; empty for others."""
    types: type | tuple[type, ...] = bool

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the chat template that it sets."""
        return tuple(effect.text for effect in self.effects if effect.kind == "setJinjaVariable")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelYaml:
    """One `model.yaml`."""

    model: str
    """`publisher/name`: the key that it is asked for by."""
    path: Path
    bases: tuple[Base, ...]
    load: Fields = ()
    operation: Fields = ()
    custom_fields: tuple[CustomField, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def over(self, base: ModelYaml | None) -> ModelYaml:
        """Return this with what its base says below it."""
        if base is None:
            return self
        own = {field.key for field in self.custom_fields}
        kept = tuple(field for field in base.custom_fields if field.key not in own)
        return ModelYaml(
            model=self.model,
            path=self.path,
            bases=self.bases,
            load=(*base.load, *self.load),
            operation=(*base.operation, *self.operation),
            custom_fields=(*kept, *self.custom_fields),
            overrides={**base.overrides, **self.overrides},
        )


def read_model_yaml(path: Path) -> ModelYaml:
    """Read a file.

    Raises:
        ModelYamlError: It is none that can be used.
        OSError: It cannot be read.
    """
    with path.open("rb") as opened:
        content = _parsed(opened.read(MAX_BYTES + 1))
    model = content.get("model")
    if not isinstance(model, str) or not _NAME.fullmatch(model):
        raise ModelYamlError(f"its 'model' is no publisher/name but {model!r:.80}")
    config = _mapping(content.get("config"), "config")
    return ModelYaml(
        model=safe(model, 200).lower(),
        path=path,
        bases=_bases(content.get("base")),
        load=_fields(config.get("load"), "config.load"),
        operation=_fields(config.get("operation"), "config.operation"),
        custom_fields=tuple(
            _custom_field(field) for field in _list(content.get("customFields"), "customFields")
        ),
        overrides=_mapping(content.get("metadataOverrides"), "metadataOverrides"),
    )


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """Reads no references: a few lines of references to references would fill any memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Make a node of what comes next, unless it is a reference."""
        if self.check_event(yaml.AliasEvent):
            raise ModelYamlError("it refers to parts of itself, which is not read here")
        return super().compose_node(parent, index)


def _parsed(text: bytes) -> Mapping[str, Any]:
    if len(text) > MAX_BYTES:
        raise ModelYamlError(f"it is larger than {MAX_BYTES // 2**10} KiB")
    if _depth(text) > MAX_DEPTH:
        raise ModelYamlError(f"it is no YAML of a model: brackets are open {MAX_DEPTH} deep")
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ModelYamlError):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelYamlError(f"it is no YAML: {reason:.120}") from error
    if not isinstance(content, Mapping):
        raise ModelYamlError("it is no mapping of keys to values")
    return content


def _depth(text: bytes) -> int:
    """Return how many brackets are open at once; reading takes the square of that as long."""
    steps = (1 if bracket in b"[{" else -1 for bracket in text if bracket in b"[]{}")
    return max(accumulate(steps), default=0)


def _bases(value: Any) -> tuple[Base, ...]:
    """Read `base`: a key, or a list of keys, each alone or with its sources."""
    found = tuple(_base(base) for base in ([value] if isinstance(value, str) else _list(value)))
    if not found:
        raise ModelYamlError("it has no 'base', so there are no weights")
    return found


def _base(value: Any) -> Base:
    match value:
        case str():
            return Base(key=value)
        case {"key": str(key)}:
            sources = _list(value.get("sources"), "sources")
            named = (source for source in sources if isinstance(source, Mapping))
            repositories = tuple(
                f"{source['user']}/{source['repo']}"
                for source in named
                if isinstance(source.get("user"), str) and isinstance(source.get("repo"), str)
            )
            return Base(key=key, repositories=repositories)
    raise ModelYamlError(f"its 'base' has an entry without a key: {value!r:.80}")


def _fields(value: Any, name: str) -> Fields:
    fields = _list(_mapping(value, name).get("fields"), f"{name}.fields")
    for entry in fields:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("key"), str):
            raise ModelYamlError(f"its '{name}' has a field without a key: {entry!r:.80}")
    return tuple((entry["key"], entry.get("value")) for entry in fields)


def _custom_field(value: Any) -> CustomField:
    entry = _mapping(value, "customFields")
    key, kind, default = entry.get("key"), entry.get("type"), entry.get("defaultValue")
    if not isinstance(key, str) or not isinstance(kind, str) or kind not in _CUSTOM_TYPES:
        raise ModelYamlError(f"its custom field {key!r:.80} is of the type {kind!r:.80}")
    options = tuple(
        str(option.get("value", option)) if isinstance(option, Mapping) else str(option)
        for option in _list(entry.get("options"), "options")
    )
    types = _CUSTOM_TYPES[kind]
    if not isinstance(default, types) or (kind != "boolean" and isinstance(default, bool)):
        raise ModelYamlError(f"its custom field {key!r} has the default {default!r:.80}")
    if kind == "select" and default not in options:
        raise ModelYamlError(f"its custom field {key!r} has a default that is none of its options")
    return CustomField(
        key=key,
        default=default,
        effects=tuple(_effect(effect, key) for effect in _list(entry.get("effects"), "effects")),
        options=options if kind == "select" else (),
        types=types,
    )


def _effect(value: Any, key: str) -> Effect:
    match value:
        case {"type": "setJinjaVariable", "variable": str(variable)}:
            return Effect(kind="setJinjaVariable", text=variable)
        case {"type": "prependSystemPrompt", "content": str(text)}:
            return Effect(kind="prependSystemPrompt", text=text)
        case {"type": "appendSystemPrompt", "content": str(text)}:
            return Effect(kind="appendSystemPrompt", text=text)
    raise ModelYamlError(f"its custom field {key!r} has an effect that is not known: {value!r:.80}")


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ModelYamlError(f"its {name!r} is no mapping but {value!r:.80}")
    return value


def _list(value: Any, name: str = "base") -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ModelYamlError(f"its {name!r} is no list but {value!r:.80}")
    return value
