"""A source of models on a local port that can be told to misbehave."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from tests.loop_thread import loop_thread


@dataclass
class FlakyHub:
    """Serves `files` of the repository `a/tiny-GGUF`; each setting breaks one thing."""

    files: dict[str, bytes]
    sha256: dict[str, str] = field(default_factory=dict)
    """Instead of the true ones."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Instead of the true ones."""
    hashes: bool = True
    etag: str | None = '"one"'
    ranges: bool = True
    break_after: list[int] = field(default_factory=list)
    """After how many bytes each next answer breaks off."""
    statuses: list[int] = field(default_factory=list)
    """What the next requests for a file are answered with."""
    piece_bytes: int = 2**20
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While this is not set, at most `before_gate` bytes of each answer are sent."""
    before_gate: int = 2**60
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of all requests for files."""
    endpoint: str = ""
    page_entries: int = 1000
    """How many entries of a list one answer has."""
    answer_bytes: int = 2**20
    """In which pieces the answers of a list come, each in a read of its own."""
    lists_end: bool = True
    links_to: str = ""
    """Instead of this source's own address, in what leads to the next page."""
    says_length: bool = True
    compressed: bool = False
    moved: bool = False
    """Whether a list is found at another path than the one that is asked."""
    lists_asked: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[FlakyHub]:
        app = web.Application()
        app.router.add_get("/api/models", self._search)
        app.router.add_get("/api/models/a/tiny-GGUF/tree/main", self._tree)
        app.router.add_get("/a/tiny-GGUF/resolve/main/{path:.+}", self._file)
        app.router.add_get("/lms-files/ticket/{path:.+}", self._file)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.endpoint = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _search(self, request: web.Request) -> web.StreamResponse:
        found = [{"id": "a/tiny-GGUF"}] if request.query["search"] in "a/tiny-GGUF" else []
        return await self._answer(request, found)

    async def _answer(self, request: web.Request, entries: list[Any]) -> web.StreamResponse:
        """Answer with one page of a list."""
        self.lists_asked.append(str(request.rel_url))
        if self.moved and "moved" not in request.query:
            raise web.HTTPTemporaryRedirect(request.rel_url.update_query(moved="1"))
        start = int(request.query.get("cursor", 0))
        end = start + self.page_entries
        body = msgspec.json.encode(entries[start:end])
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if end < len(entries) or not self.lists_end:
            following = request.rel_url.update_query(cursor=str(end if self.lists_end else start))
            response.headers["Link"] = f'<{self.links_to or self.endpoint}{following}>; rel="next"'
        if self.compressed:
            body = gzip.compress(body)
            response.headers["Content-Encoding"] = "gzip"
        if self.says_length:
            response.content_length = len(body)
        await response.prepare(request)
        for at in range(0, len(body), self.answer_bytes):
            await response.write(body[at : at + self.answer_bytes])
            await asyncio.sleep(0.001 if self.answer_bytes < len(body) else 0)
        return response

    async def _tree(self, request: web.Request) -> web.StreamResponse:
        entries: list[dict[str, object]] = [{"type": "directory", "path": "sub"}]
        for path, data in self.files.items():
            size = self.sizes.get(path, len(data))
            entry: dict[str, object] = {"type": "file", "path": path, "size": size, "oid": "x"}
            if self.hashes:
                digest = self.sha256.get(path) or hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"oid": digest, "size": size}
            entries.append(entry)
        return await self._answer(request, entries)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        if self.statuses:
            status = self.statuses.pop(0)
            if status != 200:
                return web.Response(status=status)
        data = self.files[request.match_info["path"]]
        start = self._start(request)
        if start > len(data):
            return web.Response(status=416)
        response = web.StreamResponse(status=206 if start else 200)
        if self.etag:
            response.headers["ETag"] = self.etag
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        response.content_length = len(data) - start
        await response.prepare(request)
        limit = self.break_after.pop(0) if self.break_after else None
        await self._send(response, data[start:], limit)
        if limit is not None and request.transport is not None:
            request.transport.close()
        return response

    def _start(self, request: web.Request) -> int:
        wanted = request.headers.get("Range", "")
        same = request.headers.get("If-Range", self.etag) == self.etag
        if not (self.ranges and wanted and same):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    async def _send(self, response: web.StreamResponse, data: bytes, limit: int | None) -> None:
        data = data if limit is None else data[:limit]
        for at in range(0, len(data), self.piece_bytes):
            if at >= self.before_gate:
                await self.gate.wait()
            await response.write(data[at : at + self.piece_bytes])


@contextmanager
def serving(hub: FlakyHub) -> Iterator[str]:
    """Serve a source of models from a thread of its own; yields its address."""
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with hub.serve():
            ready.set()
            await over.wait()

    thread = loop_thread(loop, serve())
    thread.start()
    assert ready.wait(10)
    try:
        yield hub.endpoint
    finally:
        # Whoever still waits for the rest of a file is let go first.
        loop.call_soon_threadsafe(hub.gate.set)
        loop.call_soon_threadsafe(over.set)
        thread.join()
