"""How clients point at a loaded instance: by a query, or by its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.instances.selection import Query
from lms_jupyter.engine.wire.fields import an_object, optional_text, text


def specifier(value: Any) -> Query | str:
    """Read a model specifier: a query, or the text of a reference."""
    if not isinstance(value, Mapping):
        raise BadRequestError("A model specifier has to be an object.")
    match value.get("type"):
        case "query":
            return _query(an_object(value.get("query")))
        case "instanceReference":
            return text(value, "instanceReference")
        case other:
            raise BadRequestError(
                f"A model specifier is a 'query' or an 'instanceReference', not {other!r:.100}."
            )


def _query(value: Mapping[str, Any]) -> Query:
    vision = value.get("vision")
    if vision is not None and not isinstance(vision, bool):
        raise BadRequestError(f"'vision' has to be true or false, not {vision!r:.100}.")
    return Query(
        identifier=optional_text(value, "identifier"),
        path=optional_text(value, "path"),
        vision=vision,
    )
