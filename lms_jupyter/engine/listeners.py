"""The addresses that the engine listens on: its own, and those that clients ask for."""

from __future__ import annotations

import os

from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError

BACKLOG = 512


class Listeners:
    """Binds and releases addresses."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._extra: dict[tuple[str, int], web.TCPSite] = {}

    async def bind(self, host: str, port: int) -> str:
        """Bind the engine's own address; returns it as `host:port`."""
        await self._start(host, port)
        bound, number = self._runner.addresses[0][:2]
        return f"{f'[{bound}]' if ':' in bound else bound}:{number}"

    async def open(self, host: str, port: int) -> None:
        """Listen on one more address; no effect if it is open already."""
        if (host, port) not in self._extra:
            self._extra[host, port] = await self._start(host, port)

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
