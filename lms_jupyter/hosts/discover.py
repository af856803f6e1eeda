"""Finds a host: the first of these that there is.

1. what the user said: an argument, or `c.Manager.host` in IPython's or Jupyter's configuration
2. the environment: `LMS_JUPYTER_HOST`
3. LM Studio on this machine, on one of its ports
4. an embedded engine that already runs
5. an embedded engine, started now
"""

import asyncio
import os
from collections.abc import Mapping, Sequence

from lms_jupyter.errors import HostError, HostUnreachableError
from lms_jupyter.hosts import embedded
from lms_jupyter.hosts.announcements import announced_as
from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.credentials import token_for
from lms_jupyter.hosts.rest import Greeting, greet, normal_address
from lms_jupyter.hosts.sdk import SdkHost

VARIABLE = "LMS_JUPYTER_HOST"

PORTS = (41343, 52993, 16141, 39414, 22931, 1234)
"""Where LM Studio listens: the five ports of its API, then that of its optional HTTP server."""


async def find_host(
    named: str = "",
    *,
    environ: Mapping[str, str] = os.environ,
    ports: Sequence[int] = PORTS,
    start: bool = True,
) -> Found:
    """Return the host to use; nobody is connected to it yet.

    Args:
        named: What the user said, empty for nothing.
        environ: The environment.
        ports: The ports of LM Studio to look at.
        start: Whether the embedded engine may be started.

    Raises:
        CommandError: What the user said is no address.
        HostUnreachableError: The named host does not answer, or there is none at all.
        EngineMissingError: There is none, and the engine is not installed.
    """
    for address, why in ((named, "as you asked"), (environ.get(VARIABLE, ""), f"by {VARIABLE}")):
        if address:
            greeting = await greet(announced_as(normal_address(address), environ))
            return Found(host=_host(greeting, environ), why=why)
    if (studio := await _first(ports, environ)) is not None:
        return Found(host=_host(studio, environ), why="found running here")
    if (engine := await embedded.running_engine()) is not None:
        return Found(host=_host(engine, environ), why="no LM Studio here, engine was running")
    if not start:
        raise HostUnreachableError(
            "No LM Studio was found.", hint="Start it, or say where it is with LMS_JUPYTER_HOST."
        )
    engine = await embedded.start_engine()
    return Found(host=_host(engine, environ), why="no LM Studio here, engine started")


def _host(greeting: Greeting, environ: Mapping[str, str]) -> SdkHost:
    token = token_for(greeting.address, environ)
    return SdkHost(greeting.address, token=token, greeting=greeting)


async def _first(ports: Sequence[int], environ: Mapping[str, str]) -> Greeting | None:
    """Ask all ports at once and return the greeting of the first in the list that is for us.

    An engine that wants a token which we do not have is another user's.
    """

    async def knock(port: int) -> Greeting | None:
        try:
            return await greet(f"127.0.0.1:{port}")
        except HostError:
            return None

    answers = await asyncio.gather(*map(knock, ports))
    return next(
        (
            answer
            for answer in answers
            if answer is not None
            and not (answer.wants_token and token_for(answer.address, environ) is None)
        ),
        None,
    )
