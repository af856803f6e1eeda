"""The devices of an LM Link: other machines, whose models a host offers beside its own.

Two of them may have instances of one identifier. Each instance has a reference of its own, though,
and whatever is asked about an instance names that.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace as changed

from lms_jupyter.errors import HostUnreachableError, LmsError
from lms_jupyter.hosts.base import Loaded, LoadStep
from lms_jupyter.hosts.reading import noun, number, one_line, reads, rows, table
from lms_jupyter.protocol.models import Instance, LinkDevice, LmLink, Model

PATIENCE_S = 1.0
"""How long a look waits for the names of devices; they may also come with a later look."""
LOOK_EVERY_S = 5.0
"""How often the link is asked for while somebody looks."""
SHORT_CHARACTERS = 6

Thing = TypeVar("Thing", Model, Instance)


def specifier(instance: Instance) -> dict[str, Any]:
    """Name an instance by what no other has, on whatever device."""
    return {
        "type": "instanceReference",
        "instanceReference": instance.instance_reference,
    }


def speaker(instance: Instance) -> dict[str, Any]:
    """Name who is to answer: an instance or, where it is a replica, any that is called so."""
    if not instance.replica:
        return specifier(instance)
    return {"type": "query", "query": {"identifier": instance.identifier}}


def on_device(instance: Instance) -> dict[str, Any]:
    """Name an instance to calls that take its identifier, and the device that it is on."""
    return {"identifier": instance.identifier, "deviceIdentifier": instance.device}


def short_name(device: str) -> str:
    """Name a device that has no other name, as the CLI does.

    >>> short_name("0f3a9c27d1")
    'remote:0f3a9c'
    """
    return f"remote:{one_line(device)[:SHORT_CHARACTERS]}"


@reads("the devices of its LM Link")
def peers(raw: Any) -> tuple[str | None, dict[str, str]]:
    """Read the answer of `lmLinkStatus`: the host's own identifier, and what others are called.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    named = {
        str(peer["deviceIdentifier"]): one_line(str(peer["deviceName"]))
        for peer in map(table, rows(table(raw).get("peers", [])))
        if peer.get("deviceName")
    }
    return table(raw).get("deviceIdentifier"), named


def devices(fields: Any) -> list[LinkDevice]:
    """Read the other machines in the answer of `lmLinkStatus`."""
    return [
        LinkDevice(
            device=one_line(str(peer["deviceIdentifier"])),
            name=one_line(str(peer.get("deviceName") or peer["deviceIdentifier"])),
            connected=peer.get("status") == "connected",
        )
        for peer in map(table, rows(fields.get("peers", [])))
    ]


@reads("its LM Link")
def lm_link(raw: Any, now: float) -> LmLink:
    """Read how a host stands on its LM Link.

    Raises:
        HostReplyError: It is not what LM Studio promises.
    """
    fields = table(raw)
    seconds = fields.get("reconnectInSeconds")
    back_at = None if seconds is None else round(now + number(seconds))
    return noun(
        {"status": fields["status"], "devices": devices(fields), "back_at": back_at}, LmLink
    )


class Devices:
    """What the devices of one host's LM Link are called; asked once some of them are met."""

    def __init__(
        self, ask: Callable[[], Awaitable[Any]], *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Take the question.

        Args:
            ask: Returns the raw answer of `lmLinkStatus`; bounded in time.
            look_every_s: How often the link is asked for while somebody looks.
        """
        self._ask = ask
        self._look_every_s = look_every_s
        self._own: str | None = None
        self._names: dict[str, str] = {}
        self._asked: set[str] = set()
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self._link: LmLink | None = None

    def link(self) -> LmLink | None:
        """Return how the link stood lately; nothing before a device was met.

        It is asked for again beside this, so that no look at the host waits for it.
        """
        is_due = time.monotonic() - self._asked_at >= self._look_every_s
        if self._asked and is_due and (self._asking is None or self._asking.done()):
            self._ask_beside()
        return self._link

    async def close(self) -> None:
        """Wait no longer for an answer, and forget who was asked about."""
        self._asked.clear()
        self._link = None
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
            self._asking = None

    async def named(self, things: Sequence[Thing], *, anew: bool = False) -> tuple[Thing, ...]:
        """Return models or instances with the names of their devices, as far as they are known.

        Args:
            things: What was listed.
            anew: Ask again, since devices can be given other names.

        Raises:
            HostUnreachableError: The connection is lost.
        """
        met = {thing.device for thing in things if thing.device is not None}
        if met and (anew or met - self._asked):
            await self._learn(met)
        return tuple(map(self._named, things))

    async def placed(self, step: LoadStep) -> LoadStep:
        """Add to the end of a load what the device is called that it went to."""
        if not isinstance(step, Loaded):
            return step
        (instance,) = await self.named([step.instance])
        return changed(step, instance=instance)

    async def _learn(self, met: set[str]) -> None:
        if self._asking is None or self._asking.done():
            self._asking = self._ask_beside()
        await asyncio.wait([self._asking], timeout=PATIENCE_S)
        if self._asking.done():
            self._asking.result()
            self._asked |= met

    def _ask_beside(self) -> asyncio.Task[None]:
        self._asked_at = time.monotonic()
        self._asking = asyncio.ensure_future(self._listen())
        # Nobody may wait for it: a host that is gone is noticed elsewhere.
        self._asking.add_done_callback(lambda asking: asking.cancelled() or asking.exception())
        return self._asking

    async def _listen(self) -> None:
        try:
            raw = await self._ask()
            self._own, self._names = peers(raw)
            self._link = lm_link(raw, time.time())
        except HostUnreachableError:
            raise
        except LmsError:
            # An older host has no such call: the short names have to do.
            return

    def _named(self, thing: Thing) -> Thing:
        if thing.device is None:
            return thing
        if thing.device == self._own:
            return changed(thing, device=None, device_name=None)
        return changed(thing, device_name=self._names.get(thing.device, short_name(thing.device)))
