"""Loads over a channel: followed to their end, or called off when nobody follows any more."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

import lmstudio

from lms_jupyter.errors import CommandError, LmsError, LoadFailedError
from lms_jupyter.hosts import decode, kv_config
from lms_jupyter.hosts.base import Evicting, Joined, Loaded, Loading, LoadOrigin, LoadStep
from lms_jupyter.hosts.channel import Channel, open_channel
from lms_jupyter.hosts.reading import one_line
from lms_jupyter.hosts.sdk_private import AsyncSession
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import HostInfo, Instance, Kind

CALLED_OFF_S = 1.0
"""How long whoever calls a load off waits for the host to say that it has stopped."""
DRAIN_TIMEOUT_S = 10.0
"""How long the rest of its packets are read after that, beside everything else."""


def load_parameters(
    request: LoadRequest, by: LoadOrigin, kind: Kind, host: HostInfo
) -> dict[str, Any]:
    """Write what both ways to load have in common."""
    parameters: dict[str, Any] = {"loadConfigStack": kv_config.stack(request.config, kind)}
    if request.device is not None:
        parameters["deviceIdentifier"] = request.device or None
    parameters |= _placing(request, host)
    if "activity" in host.features:
        parameters |= {"loadId": by.load_id, "owner": by.owner}
    return parameters


def _placing(request: LoadRequest, host: HostInfo) -> dict[str, Any]:
    """Write where the host is to put it.

    Raises:
        CommandError: The host has no fleet to choose from.
    """
    asked = {"where": request.where} if request.where else {}
    named: dict[str, Any] = asked | (
        {"replicas": request.replicas} if request.replicas != 1 else {}
    )
    if named and "fleet" not in host.features:
        names = " and ".join(f"--{name}" for name in named)
        raise CommandError(
            f"{host.name} at {host.address} cannot do {names}: it is no gateway of a fleet.",
            hint="Name the machine with --device, or start one: `lms-jupyter engine --fleet FILE`.",
        )
    return named


class Loads:
    """The loads of one connected host."""

    def __init__(self, unload: Callable[[Instance], Awaitable[None]]) -> None:
        self._unload = unload
        self._ending: set[asyncio.Task[None]] = set()

    async def drive(
        self, session: AsyncSession, endpoint: str, parameters: Mapping[str, Any]
    ) -> AsyncGenerator[LoadStep]:
        """Follow a load to its end; closing the iterator early calls it off.

        Raises:
            lmstudio.LMStudioError: The host refused, failed or is gone.
        """
        stack = AsyncExitStack()
        channel = await stack.enter_async_context(open_channel(session, endpoint, parameters))
        ended = False
        try:
            async with aclosing(load_steps(channel, parameters)) as steps:  # type: ignore[type-var]
                async for step in steps:
                    ended = isinstance(step, Loaded)
                    yield step
        except lmstudio.LMStudioServerError:
            ended = True
            raise
        finally:
            if ended:
                await stack.aclose()
            else:
                await self._leave(channel, stack)

    async def close(self) -> None:
        """Listen no longer to loads that were called off."""
        ending = tuple(self._ending)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _leave(self, channel: Channel, stack: AsyncExitStack) -> None:
        """Call a load off, and wait for the host's word, but not for long."""
        leaving = asyncio.get_running_loop().create_task(self._call_off(channel, stack))
        self._ending.add(leaving)
        leaving.add_done_callback(self._ending.discard)
        await asyncio.wait([leaving], timeout=CALLED_OFF_S)

    async def _call_off(self, channel: Channel, stack: AsyncExitStack) -> None:
        """Cancel a load and read what the host still sends."""
        async with stack:
            with contextlib.suppress(lmstudio.LMStudioError, LmsError, TimeoutError):
                await channel.send("cancel")
                async with asyncio.timeout(DRAIN_TIMEOUT_S):
                    async for step in load_steps(channel):
                        if isinstance(step, Loaded) and not step.was_there:
                            # The cancel came too late: undo what nobody wants any more.
                            await self._unload(step.instance)
                            return


async def load_steps(
    channel: Channel, asked: Mapping[str, Any] | None = None
) -> AsyncIterator[LoadStep]:
    """Read the packets of `loadModel` or `getOrLoad`; the fraction never falls.

    Args:
        channel: Where they come from.
        asked: What the load was begun with.
    """
    asked = asked or {}
    # Older hosts keep the TTL that they were given, and do not report it.
    given = {"ttlMs": asked.get("ttlMs", asked.get("loadTtlMs"))}
    fraction, joins = 0.0, False
    async for packet in channel.packets():
        match packet:
            case {"type": "progress" | "loadProgress", "progress": int() | float() as reported}:
                fraction = max(fraction, float(min(1.0, reported)))
                yield Loading(fraction=fraction)
            case {"type": "resolved", "joined": str(load_id)}:
                joins = True
                yield Joined(load_id=load_id)
            case {"type": "resolved"} if joins:
                joins, fraction = False, 0.0
                yield Joined(load_id=None)
            case {"type": "unloadingOtherJITModel", "info": {"identifier": str(name)}}:
                yield Evicting(identifier=one_line(name))
            case {"type": "unloadingOtherJITModel", "info": {"modelKey": str(name)}}:
                yield Evicting(identifier=one_line(name))
            case {"type": "success" | "loadSuccess", "info": dict(info)}:
                # What nobody else has joined is known to us alone: there is nothing that it does.
                state = {} if joins else {"status": "idle"}
                loaded = decode.instance(given | info, state | info)
                yield Loaded(instance=loaded, was_there=joins)
                return
            case {"type": "alreadyLoaded", "info": dict(info)}:
                yield Loaded(instance=decode.instance(info), was_there=True)
                return
            case _:
                # "resolved", "startLoading", and whatever a newer host may send besides.
                continue


def broken_off(name: str) -> LoadFailedError:
    """Return what to raise when a load ends without a word."""
    return LoadFailedError(f"The host broke off loading {name!r} without a reason.")
