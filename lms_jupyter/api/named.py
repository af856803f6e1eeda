"""Which instances somebody means who passes a name, a row, a handle, or several of them."""

from collections.abc import Iterable
from textwrap import shorten
from typing import Any, Protocol

from lms_jupyter.errors import CommandError
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.protocol.models import Instance

HINT = "Give its identifier, a row of lms_jupyter.ps(), its handle, or a list of these."

SHOWN_CHARACTERS = 80


class Identified(Protocol):
    """What has the identifier of an instance: a row of `ps`, a handle, the SDK's information."""

    @property
    def identifier(self) -> str:
        """What the instance is called."""


Named = str | Identified | Iterable[Any]
"""One instance, or several."""


async def named(what: Named, manager: Manager) -> tuple[Instance, ...]:
    """Find every instance that is meant, each once; nothing is done if one is not there.

    A name that the replicas of a load have means all of them.

    Raises:
        CommandError: Something in it names no instance at all.
        InstanceNotFoundError: An instance that is named is not in memory.
    """
    asked = tuple(_each(what))
    known = await lookup.instances(manager)
    found = [
        instance
        for item in asked
        for instance in (
            lookup.pick_all(item, known)
            if isinstance(item, str)
            else (lookup.choose(item[0], known, *item[1:]),)
        )
    ]
    return tuple({instance.instance_reference: instance for instance in found}.values())


def _each(what: object) -> Iterable[str | tuple[str, str | None, str | None]]:
    """Yield names as people write them, or identifiers with reference and device, if known."""
    if isinstance(what, str):
        yield what
        return
    identifier = getattr(what, "identifier", None)
    if isinstance(identifier, str):
        yield (
            identifier,
            getattr(what, "instance_reference", None),
            getattr(what, "device", "any"),
        )
        return
    if not isinstance(what, Iterable) or isinstance(what, bytes | bytearray | dict):
        raise CommandError(f"{_shown(what)} names no instance.", hint=HINT)
    for item in what:
        if not isinstance(item, str) and not hasattr(item, "identifier"):
            raise CommandError(f"{_shown(item)} names no instance.", hint=HINT)
        yield from _each(item)


def _shown(what: object) -> str:
    """Describe what was passed, in few words whatever it is."""
    try:
        shown = repr(what)
    except Exception:  # noqa: BLE001 - of a class of the user's own, which may raise anything
        shown = f"a {type(what).__name__}"
    return shorten(shown, SHOWN_CHARACTERS, placeholder="…")
