"""Finds a host: the first of these that there is.

1. what the user said: an argument, or `c.Manager.host` in IPython's or Jupyter's configuration
2. the environment: `LMS_JUPYTER_HOST`, then the file that `LMS_API_SERVER_INFO_PATH` names
3. LM Studio on this machine: where its own file says, else on one of its ports
4. an embedded engine that already runs
5. LM Studio, if it is installed here and does not run: woken, or the user is asked to say so
6. an embedded engine, started now
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lms_jupyter.errors import HostError, HostUnreachableError, StudioAsleepError
from lms_jupyter.hosts import embedded
from lms_jupyter.hosts.addresses import server_of
from lms_jupyter.hosts.announcements import announced_as
from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.credentials import api_token, token_for, withhold
from lms_jupyter.hosts.host_names import address_of
from lms_jupyter.hosts.listening import is_this_users
from lms_jupyter.hosts.rest import Greeting, greet
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.hosts.studio_files import server_port
from lms_jupyter.hosts.waking import WakePolicy, may_wake, wake, waked_in_vain

VARIABLE = "LMS_JUPYTER_HOST"
SERVER_INFO_VARIABLE = "LMS_API_SERVER_INFO_PATH"
"""LM Studio's own: names another file that says where it listens."""

PORTS = (41343, 52993, 16141, 39414, 22931, 1234)
"""Where LM Studio listens: the five ports of its API, then that of its optional HTTP server."""


async def find_host(
    named: str = "",
    *,
    environ: Mapping[str, str] = os.environ,
    ports: Sequence[int] = PORTS,
    start: bool = True,
    waking: WakePolicy = "ask",
) -> Found:
    """Return the host to use; nobody is connected to it yet.

    Args:
        named: What the user said, empty for nothing.
        environ: The environment.
        ports: The ports of LM Studio to look at.
        start: Whether something may be started: the embedded engine, or LM Studio itself.
        waking: Whether an LM Studio that does not run is woken.

    Raises:
        CommandError: What the user said is neither a name nor an address.
        HostUnreachableError: The named host does not answer, or there is none at all.
        StudioAsleepError: LM Studio is installed, does not run, and nobody said to wake it.
        EngineMissingError: There is none, and the engine is not installed.
    """
    for address, why in ((named, "as you asked"), (environ.get(VARIABLE, ""), f"by {VARIABLE}")):
        if address:
            place = await asyncio.to_thread(address_of, address)
            greeting = await greet(announced_as(place, environ))
            return Found(host=await _host(greeting, environ), why=why)
    if file := environ.get(SERVER_INFO_VARIABLE):
        return Found(
            host=await _host(await _from_file(file), environ), why=f"by {SERVER_INFO_VARIABLE}"
        )
    if (found := await _running(ports, environ)) is not None:
        return found
    if (engine := await embedded.running_engine()) is not None:
        return Found(host=await _host(engine, environ), why="no LM Studio here, engine was running")
    is_asleep = await asyncio.to_thread(may_wake, waking, environ)
    if is_asleep and start and waking == "always" and not waked_in_vain():
        return Found(host=await _host(await wake_studio(ports, environ), environ), why="woken now")
    if is_asleep:
        raise asleep()
    if not start:
        raise HostUnreachableError(
            "No LM Studio was found.", hint="Start it, or say where it is with LMS_JUPYTER_HOST."
        )
    engine = await embedded.start_engine()
    return Found(host=await _host(engine, environ), why="no LM Studio here, engine started")


async def running_here(
    ports: Sequence[int] = PORTS, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Return the addresses of what runs on this machine and is this user's; nothing is started."""
    found = [await _by_file(), await _first(ports, environ), await embedded.running_engine()]
    ours = [
        greeting.address
        for greeting in found
        if greeting is not None
        and await asyncio.to_thread(is_this_users, server_of(greeting.address)[1])
    ]
    return tuple(dict.fromkeys(ours))


async def wake_studio(
    ports: Sequence[int] = PORTS, environ: Mapping[str, str] = os.environ
) -> Greeting:
    """Start the LM Studio that is installed here, unless it runs, and return its greeting.

    Raises:
        HostUnreachableError: There is none, or it does not answer in time.
    """

    async def look() -> Greeting | None:
        return await _by_file() or await _first(ports, environ)

    return await wake(look)


def asleep() -> StudioAsleepError:
    """Return the error that offers to wake LM Studio."""
    return StudioAsleepError(
        "LM Studio is installed here and does not run.",
        hint="Start it with `%lms host wake`, or use the embedded engine: `%lms host start`.",
    )


async def _host(greeting: Greeting, environ: Mapping[str, str], *, is_ours: bool = True) -> SdkHost:
    """Return the host of a greeting; one that is not ours is shown no token of the environment."""
    withhold(greeting.address, on=not is_ours)
    token = await asyncio.to_thread(token_for, greeting.address, environ)
    return SdkHost(greeting.address, token=token, greeting=greeting)


async def _from_file(file: str) -> Greeting:
    """Return the greeting of the host that a file names; nothing is looked for instead."""
    port = await asyncio.to_thread(server_port, Path(file))
    if port is None:
        raise HostUnreachableError(
            f"{SERVER_INFO_VARIABLE} names {file!r}, which does not say where an LM Studio runs.",
            hint="Start that LM Studio, or unset the variable where Jupyter is started.",
        )
    return await greet(f"127.0.0.1:{port}")


async def _running(ports: Sequence[int], environ: Mapping[str, str]) -> Found | None:
    """Return the LM Studio that runs here: where it says itself, else where it may listen."""
    if (studio := await _by_file()) is not None:
        return Found(host=await _host(studio, environ), why="found running here")
    if (studio := await _first(ports, environ)) is None:
        return None
    port = int(studio.address.rpartition(":")[2])
    # Whoever has nothing to show need not know whose process it would be shown to.
    is_ours = api_token(environ) is None or await asyncio.to_thread(is_this_users, port)
    why = "found running here" if is_ours else "found running here, not yours: it gets no token"
    return Found(host=await _host(studio, environ, is_ours=is_ours), why=why)


async def _by_file() -> Greeting | None:
    """Return the greeting of the LM Studio that has written down where it listens."""
    port = await asyncio.to_thread(server_port)
    if port is None:
        return None
    try:
        return await greet(f"127.0.0.1:{port}")
    except HostError:
        return None


async def _first(ports: Sequence[int], environ: Mapping[str, str]) -> Greeting | None:
    """Ask all ports at once and return the greeting of the first in the list that is for us.

    An engine that wants a token which we do not have is another user's.
    """

    async def knock(port: int) -> Greeting | None:
        try:
            return await greet(f"127.0.0.1:{port}")
        except HostError:
            return None

    for answer in filter(None, await asyncio.gather(*map(knock, ports))):
        if not answer.wants_token:
            return answer
        # A keyring may have to be asked.
        token = await asyncio.to_thread(token_for, answer.address, environ)
        if token is not None:
            return answer
    return None
