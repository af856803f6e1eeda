"""A verb that is given something of a wrong type says so in one sentence, and does nothing."""

import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pytest

import lms_jupyter
from lms_jupyter import aio
from lms_jupyter.api import argument_types
from lms_jupyter.api.argument_types import checked
from lms_jupyter.api.load_requests import read_request, read_ttl
from lms_jupyter.errors import CommandError

ODD: tuple[Any, ...] = (
    *(5, -1, 0.5, math.nan, math.inf, 10**400, 1j, b"x", [], {}, ["a"], {"a": 1}, (1, 2)),
    *(object(), type, lambda: 1, PurePosixPath("x"), "\0", "\ud800", "a\nb", True, None),
)


class Broken:
    """What cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def verb(
    name: str,
    number: float = 0.0,
    *,
    count: int | None = None,
    sure: bool = False,
    path: str | Path | None = None,
    word: Literal["a", "b"] | None = None,
    anything: object = None,
    **more: Any,
) -> tuple[Any, ...]:
    """Return what it was given."""
    return name, number, count, sure, path, word, anything, more


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": 5}, "'name' has to be text, not 5."),
        ({"name": Broken()}, "'name' has to be text, not a Broken."),
        ({"name": None}, "'name' has to be text, not None."),
        ({"number": "5"}, "'number' has to be a number, not '5'."),
        ({"number": True}, "'number' has to be a number, not True."),
        ({"number": math.nan}, "'number' has to be a number, not nan."),
        ({"count": 1.5}, "'count' has to be a whole number or None, not 1.5."),
        ({"count": 10**60}, r"'count' has to be a whole number or None, not 10{60}\."),
        ({"sure": "no"}, "'sure' has to be true or false, not 'no'."),
        ({"path": b"x"}, "'path' has to be text or a path or None, not b'x'."),
        ({"path": "a\0"}, r"'path' has to be text or a path or None, not 'a\\x00'."),
        ({"path": "\ud800"}, r"'path' has to be text or a path or None, not '\\ud800'."),
        ({"word": []}, r"'word' has to be text or None, not \[\]."),
    ],
)
def test_what_is_of_another_type_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        checked(verb)(**({"name": "x"} | given))


def test_what_fits_is_passed_on() -> None:
    given = {"number": 5, "count": 3, "sure": True, "path": PurePosixPath("x"), "word": "b"}

    assert checked(verb)("x", **given, anything=[], more=1) == (  # type: ignore[arg-type]
        *("x", *given.values()),
        *([], {"more": 1}),
    )
    with pytest.raises(TypeError, match="missing a required argument"):
        checked(verb)()  # type: ignore[call-arg]


def questions(module: Any) -> Iterator[tuple[Callable[..., Any], str, dict[str, Any]]]:
    """Yield each verb that checks, with each of its arguments, and what else it needs."""
    for name in module.__all__:
        function = getattr(module, name)
        if not hasattr(function, "__wrapped__") or inspect.isclass(function):
            continue
        parameters = inspect.signature(function).parameters.values()
        needed = {
            p.name: "x" for p in parameters if p.default is p.empty and p.kind < p.VAR_KEYWORD
        }
        for parameter in parameters:
            if str in argument_types._kinds(parameter):
                yield function, parameter.name, needed


async def settled(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Call a verb of either kind."""
    told = function(**given)
    return await told if inspect.isawaitable(told) else told


@pytest.mark.asyncio
async def test_every_verb_refuses_what_is_no_text_where_it_wants_text() -> None:
    tried = set()
    for module in (lms_jupyter, aio):
        for function, argument, needed in questions(module):
            with pytest.raises(CommandError):
                await settled(function, needed | {argument: {1, 2}})
            tried.add(function.__name__)
    assert {"load", "get", "host", "delete", "drift", "llm", "free", "estimate"} <= tried


@pytest.mark.parametrize("keyword", ["identifier", "device", "where", "replicas", "lease", "heal"])
def test_what_is_said_about_a_load_is_checked_too(keyword: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"'{keyword}' has to be"):
        read_request(tmp_path, "x", "ensure", reload=False, **{keyword: b"x"})  # type: ignore[arg-type]
    with pytest.raises(CommandError, match="'key' has to be text"):
        read_request(tmp_path, PurePosixPath("x"), "ensure", reload=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_ttl_is_one_or_is_refused(odd: Any) -> None:
    with suppress(CommandError):
        assert (seconds := read_ttl(odd)) is None or 0 < seconds < math.inf
