"""The addresses that the engine listens on: its own, and those that clients ask for."""

from __future__ import annotations

import os
from ipaddress import ip_address

from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError

BACKLOG = 512


class Listeners:
    """Binds and releases addresses."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._host = ""
        self._extra: dict[tuple[str, int], web.TCPSite] = {}

    async def bind(self, host: str, port: int) -> str:
        """Bind the engine's own address; returns it as `host:port`."""
        self._host = host
        await self._start(host, port)
        bound, number = self._runner.addresses[0][:2]
        return f"{f'[{bound}]' if ':' in bound else bound}:{number}"

    async def open(self, host: str, port: int) -> None:
        """Listen on one more port; no effect if it is open already.

        Raises:
            BadRequestError: More people could reach that address than those the engine was
                started for, or it cannot be bound.
        """
        if host != self._host and not is_within(host, self._host):
            raise BadRequestError(
                f"This engine listens on {self._host} alone, not on {host:.100}.",
                hint="Who starts it decides that: lms-jupyter engine --host",
            )
        if (host, port) not in self._extra:
            self._extra[host, port] = await self._start(host, port)

    def reached_at(self, local: str) -> str | None:
        """Return where those reach us that know us by this address of ours; `None`: nowhere."""
        for bound, number in (address[:2] for address in self._runner.addresses):
            if bound == local or ip_address(bound).is_unspecified:
                return f"{f'[{local}]' if ':' in local else local}:{number}"
        return None

    async def close(self) -> None:
        """Stop listening on all addresses but the engine's own."""
        while self._extra:
            _, site = self._extra.popitem()
            await site.stop()

    async def _start(self, host: str, port: int) -> web.TCPSite:
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            raise BadRequestError(
                f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}.",
                hint="Another program may use this port; choose another one.",
            ) from error
        return site


def is_within(host: str, own: str) -> bool:
    """Whether all who reach an address can reach the engine's own, too. Names are not looked up."""
    try:
        asked = ip_address("127.0.0.1" if host == "localhost" else host)
        mine = ip_address("127.0.0.1" if own == "localhost" else own)
    except ValueError:
        return False
    return (
        asked == mine
        or asked.is_loopback
        or (mine.is_unspecified and asked.version == mine.version)
    )
