"""Lets others read our nouns field by field: to pandas and polars each is a dataclass.

`pandas.DataFrame(lms_jupyter.ps())` has one column for each field by this, without a word of ours
that would have to be known.
"""

import dataclasses
import functools
from typing import Any


@functools.cache
def _twin(kind: Any) -> type:
    """Return a dataclass with the fields of a struct, and nothing else of it."""
    names = getattr(kind, "__struct_fields__", None)
    if names is None:
        raise AttributeError(f"{kind.__name__} has no fields.")
    return dataclasses.make_dataclass(kind.__name__, names, repr=False, eq=False, frozen=True)


class _OfTwin:
    """An attribute of the class that its twin has."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, kind: type) -> Any:
        return getattr(_twin(kind), self._name)


class Record:
    """A struct that passes for a dataclass."""

    __slots__ = ()

    __dataclass_fields__ = _OfTwin()
    __dataclass_params__ = _OfTwin()
