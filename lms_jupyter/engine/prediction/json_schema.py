"""JSON schemas as they can be enforced: what is left is what llguidance keeps to the letter. Pure.

`prepared` rewrites a schema so that every document that fits the result fits the original: it drops
what says nothing about documents, turns formats into patterns, and refuses, with the place, what
cannot be kept. Names that JSON Schema does not know are notes, as it says itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from lms_jupyter.engine.prediction.schema_words import (
    CHOICES,
    UnkeepableError,
    copy_numbers,
    copy_texts,
    copy_values,
    escaped,
    key_of,
    mapping,
    refuse,
    sequence,
    with_type,
)

MAX_DEPTH: Final = 100
MAX_PARTS: Final = 20_000
_PLAIN: Final = ("type", "required", "minItems", "maxItems", "minLength", "maxLength")
_NOT_CLOSED: Final = frozenset(
    {"additionalProperties", "allOf", "anyOf", "oneOf", "$ref", "unevaluatedProperties"}
)


@dataclass(slots=True)
class Prepared:
    """A schema that llguidance can be asked to keep."""

    schema: Any
    parts: list[tuple[str, Any]]
    """Where each part stood in the original, and what became of it; inner ones later."""

    def part(self, schema: Any) -> Any:
        """Return one part with the definitions that it may refer to."""
        return schema | {"$defs": self.schema.get("$defs", {})}


def prepared(schema: Any) -> Prepared:
    """Return what to enforce.

    Raises:
        UnkeepableError: Some part cannot be; it says which, and why.
    """
    walk = _Walk(schema)
    try:
        written = walk.schema(schema, "", _Place())
    except RecursionError:
        raise UnkeepableError("", "the schema is nested too deep") from None
    if isinstance(written, dict) and walk.definitions:
        written = written | {"$defs": walk.definitions}
    return Prepared(written if isinstance(written, dict) else {"allOf": [written]}, walk.parts)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a schema the walk is."""

    depth: int = 0
    is_combined: bool = False
    """Whether other schemas speak about the same value, and may name more properties."""
    through: tuple[str, ...] = ()
    """The references that led here without going into the value."""

    def inside(self) -> _Place:
        return _Place(self.depth + 1)

    def beside(self, *, combined: bool) -> _Place:
        return _Place(self.depth + 1, self.is_combined or combined, self.through)


@dataclass(slots=True)
class _Walk:
    root: Any
    definitions: dict[str, Any] = field(default_factory=dict)
    parts: list[tuple[str, Any]] = field(default_factory=list)
    _names: dict[tuple[str, bool], str] = field(default_factory=dict)

    def schema(self, value: Any, pointer: str, place: _Place) -> Any:
        """Rewrite one schema."""
        if isinstance(value, bool):
            return {} if value else False
        if not isinstance(value, Mapping):
            raise UnkeepableError(
                pointer, f"a schema is an object, true or false, not {value!r:.50}"
            )
        if place.depth > MAX_DEPTH or len(self.parts) > MAX_PARTS:
            raise UnkeepableError(pointer, "the schema is too large")
        written: dict[str, Any] = {}
        self.parts.append((pointer, written))
        refuse(value, pointer)
        value = with_type(value)
        written |= {name: _whole(value[name]) for name in _PLAIN if name in value}
        copy_values(value, pointer, written)
        copy_numbers(value, pointer, written)
        conditions = copy_texts(value, pointer, written)
        self._object(value, pointer, written, place)
        self._array(value, pointer, written, place)
        self._combined(value, pointer, written, place, conditions)
        return written

    def _object(
        self, schema: Mapping[str, Any], pointer: str, written: dict[str, Any], place: _Place
    ) -> None:
        inner = place.inside()
        for name in ("properties", "patternProperties"):
            if name not in schema:
                continue
            members = mapping(schema[name], f"{pointer}/{name}")
            written[name] = {
                key_of(key, name, pointer): self.schema(
                    value, f"{pointer}/{name}/{escaped(key)}", inner
                )
                for key, value in members.items()
            }
        if "additionalProperties" in schema:
            written["additionalProperties"] = self.schema(
                schema["additionalProperties"], f"{pointer}/additionalProperties", inner
            )
        elif (
            "properties" in schema
            and not place.is_combined
            and not _NOT_CLOSED & schema.keys()
            and set(schema.get("required") or ()) <= schema["properties"].keys()
        ):
            # Small models would invent properties without end.
            written["additionalProperties"] = False
        if "maxProperties" in schema:
            written["maxProperties"] = _whole(schema["maxProperties"])

    def _array(
        self, schema: Mapping[str, Any], pointer: str, written: dict[str, Any], place: _Place
    ) -> None:
        first, rest = schema.get("prefixItems"), schema.get("items")
        at_first, at_rest = f"{pointer}/prefixItems", f"{pointer}/items"
        if isinstance(rest, list):  # until 2019
            first, rest = rest, schema.get("additionalItems")
            at_first, at_rest = at_rest, f"{pointer}/additionalItems"
        inner = place.inside()
        if first is not None:
            members = sequence(first, at_first)
            written["prefixItems"] = [
                self.schema(member, f"{at_first}/{place_}", inner)
                for place_, member in enumerate(members)
            ]
        if rest is not None:
            written["items"] = self.schema(rest, at_rest, inner)

    def _combined(
        self,
        schema: Mapping[str, Any],
        pointer: str,
        written: dict[str, Any],
        place: _Place,
        conditions: list[str],
    ) -> None:
        """Write what several schemas say about the value."""
        asked = [name for name in ("$ref", "allOf", *CHOICES) if name in schema]
        alone = len(asked) == 1 and written.keys() <= {"type"}
        every: list[Any] = [{"pattern": condition} for condition in conditions]
        for name in asked:
            here = f"{pointer}/{name}"
            if name == "$ref":
                reference = self._reference(schema[name], here, place.beside(combined=not alone))
                every.append({"$ref": reference})
                continue
            members = sequence(schema[name], here)
            if not members:
                raise UnkeepableError(here, "the list is empty")
            combines = name == "allOf" or not alone
            is_apart = name == "oneOf" and self._are_apart(members)
            if name == "oneOf" and not is_apart:
                combines = True
            choices = [
                self.schema(member, f"{here}/{at}", place.beside(combined=combines))
                for at, member in enumerate(members)
            ]
            if name == "allOf":
                every += choices
            else:
                kind = "anyOf" if is_apart else name
                every.append({kind: choices})
        if len(every) == 1 and not (every[0].keys() & written.keys()):
            written |= every[0]
        elif every:
            written["allOf"] = every

    def _reference(self, reference: Any, pointer: str, place: _Place) -> str:
        """Return where the definition is that a reference names, after writing it."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise UnkeepableError(pointer, f"{reference!r:.100} is not in this schema")
        if reference in place.through:
            raise UnkeepableError(pointer, f"{reference!r} refers to nothing but itself")
        key = (reference, place.is_combined)
        if key not in self._names:
            name = self._names[key] = str(len(self._names))
            target, at = self._target(reference, pointer)
            through = _Place(place.depth + 1, place.is_combined, (*place.through, reference))
            self.definitions[name] = self.schema(target, at, through)
        return f"#/$defs/{self._names[key]}"

    def _target(self, reference: str, pointer: str) -> tuple[Any, str]:
        path = unquote(reference[1:])
        if path and not path.startswith("/"):
            found = next(_anchored(self.root, path, ""), None)
            if found is None:
                raise UnkeepableError(pointer, f"there is no {reference!r}")
            return found
        target = self.root
        for step in path.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(target, Mapping) and name in target:
                target = target[name]
            elif isinstance(target, list) and name.isdecimal() and int(name) < len(target):
                target = target[int(name)]
            else:
                raise UnkeepableError(pointer, f"there is no {reference!r}")
        return target, path

    def _are_apart(self, members: Sequence[Any]) -> bool:
        """Whether no document fits two of these, as the name that tells them apart shows."""
        seen = [self._seen(member) for member in members]
        return all(
            _tell_apart(schema, other) for at, schema in enumerate(seen) for other in seen[at + 1 :]
        )

    def _seen(self, schema: Any) -> Mapping[str, Any]:
        """Return a schema, or the one that it refers to."""
        if isinstance(schema, Mapping) and isinstance(reference := schema.get("$ref"), str):
            try:
                schema = self._target(reference, "")[0]
            except UnkeepableError:
                return {}
        return schema if isinstance(schema, Mapping) else {}


def _whole(number: Any) -> Any:
    """Write a count as llguidance reads it: `2.0` is a whole number to JSON Schema."""
    return int(number) if isinstance(number, float) else number


def _anchored(schema: Any, anchor: str, pointer: str) -> Iterator[tuple[Any, str]]:
    """Find the schema that bears an anchor."""
    if isinstance(schema, Mapping):
        if schema.get("$anchor") == anchor:
            yield schema, pointer
        for name, value in schema.items():
            yield from _anchored(value, anchor, f"{pointer}/{escaped(name)}")
    elif isinstance(schema, list):
        for at, value in enumerate(schema):
            yield from _anchored(value, anchor, f"{pointer}/{at}")


def _tell_apart(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether a property that both require has other values in the one than in the other."""
    shared = [name for name in _required(left) if name in _required(right)]
    if left.get("type") != "object" or right.get("type") != "object":
        return False
    for name in shared:
        tags, others = _tags(left, name), _tags(right, name)
        if tags and others and not set(tags) & set(others):
            return True
    return False


def _required(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of what has to be there; what is no name is refused in its turn."""
    names = schema.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _tags(schema: Mapping[str, Any], name: str) -> list[str]:
    properties = schema.get("properties")
    inner = properties.get(name) if isinstance(properties, Mapping) else None
    if not isinstance(inner, Mapping):
        return []
    values = [inner["const"]] if "const" in inner else inner.get("enum")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return []
    return values
