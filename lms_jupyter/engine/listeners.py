"""The addresses that the engine listens on: its own, and those that clients ask for."""

from __future__ import annotations

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
        await web.TCPSite(self._runner, host, port, backlog=BACKLOG).start()
        bound, number = self._runner.addresses[0][:2]
        return f"{f'[{bound}]' if ':' in bound else bound}:{number}"

    async def open(self, host: str, port: int) -> None:
        """Listen on one more address; no effect if it is open already."""
        if (host, port) in self._extra:
            return
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            raise BadRequestError(
                f"Cannot listen on {host}:{port}: {error.strerror or error}.",
                hint="Another program may use this port; choose another one.",
            ) from error
        self._extra[host, port] = site

    async def close(self) -> None:
        """Stop listening on all addresses but the engine's own."""
        while self._extra:
            _, site = self._extra.popitem()
            await site.stop()
