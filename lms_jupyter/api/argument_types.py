"""Whether the arguments of a verb are of the types that it says: one sentence, before it begins."""

import functools
import inspect
import numbers
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from lms_jupyter.errors import CommandError

Asked = ParamSpec("Asked")
Result = TypeVar("Result")

_SHOWN_CHARACTERS: Final = 80
_LARGEST: Final = 2**53
_TYPES: Final[Mapping[Any, tuple[type, ...]]] = {
    str: (str,),
    bool: (bool,),
    int: (numbers.Integral,),
    float: (numbers.Real,),
    Path: (os.PathLike,),
    NoneType: (NoneType,),
}
"""What is taken for a type; what is not in it is looked at by the verb itself."""
_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    NoneType: "None",
}


def checked(verb: Callable[Asked, Result]) -> Callable[Asked, Result]:
    """Make a verb one that refuses what is of another type than it says, as `CommandError`.

    An asynchronous verb does so when it is waited for, as with everything else that it raises.
    """
    signature = inspect.signature(verb)
    wanted = {
        name: kinds
        for name, parameter in signature.parameters.items()
        if (kinds := _kinds(parameter))
    }

    def check(*args: Any, **kwargs: Any) -> None:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            check_type(name, value, wanted.get(name, ()))

    if inspect.iscoroutinefunction(verb):

        @functools.wraps(verb)
        async def waiting(*args: Asked.args, **kwargs: Asked.kwargs) -> Any:
            check(*args, **kwargs)
            return await verb(*args, **kwargs)

        return waiting  # type: ignore[return-value]  # `Result` is what it is waited for with

    @functools.wraps(verb)
    def calling(*args: Asked.args, **kwargs: Asked.kwargs) -> Result:
        check(*args, **kwargs)
        return verb(*args, **kwargs)

    return calling if wanted else verb


def check_type(name: str, value: object, kinds: tuple[Any, ...]) -> None:
    """Raise `CommandError` for a value that is of none of some types; no types are all."""
    taken = tuple(python for kind in kinds for python in _TYPES[kind])
    is_odd = isinstance(value, bool) and bool not in kinds
    if kinds and (is_odd or not isinstance(value, taken) or not _is_of_this_world(value, kinds)):
        words = " or ".join(dict.fromkeys(_WORDS[kind] for kind in kinds))
        raise CommandError(f"{name!r} has to be {words}, not {_shown(value)}.")


def _is_of_this_world(value: object, kinds: tuple[Any, ...]) -> bool:
    """Whether a number can be counted to, and a path could be on a disk."""
    if isinstance(value, numbers.Real):
        return bool(-_LARGEST <= value <= _LARGEST)  # type: ignore[operator]  # as all of them can
    if Path in kinds and isinstance(value, str | os.PathLike):
        try:
            return b"\0" not in os.fsencode(value)
        except UnicodeError:
            return False
    return True


def _kinds(parameter: inspect.Parameter) -> tuple[Any, ...]:
    """Return the types of a parameter that can be checked here; nothing if one of them cannot."""
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return ()
    kinds = tuple(_flat(parameter.annotation))
    return kinds if all(isinstance(kind, type) and kind in _TYPES for kind in kinds) else ()


def _flat(annotation: Any) -> Iterator[Any]:
    """Yield the types of a union, and those of words that are listed."""
    if get_origin(annotation) is Literal:
        yield from dict.fromkeys(type(word) for word in get_args(annotation))
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _flat(part)
    else:
        yield annotation


def _shown(value: object) -> str:
    """Describe what was passed, in few words whatever it is."""
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001 - of a class of the user's own, which may raise anything
        shown = f"a {type(value).__name__}"
    shown = ascii(" ".join(shown.split()))[1:-1] if not shown.isprintable() else shown
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
