"""What all HTTP paths share: read a body, answer errors in the right format, notice who leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aiohttp import web

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.wire.frames import encode
from lms_jupyter.engine.wire.nesting import decode
from lms_jupyter.engine.wire.sse import Event

MAX_BODY_BYTES: Final = 128 * 2**20

STALLED_S: Final = 30.0
"""How long a client may leave a stream unread."""

LOOK_EVERY_S: Final = 0.25
"""How often to look whether a client that waits for an answer is still there."""

Handler: TypeAlias = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Style:
    """How a family of paths writes errors, and ends streams."""

    body: Callable[[EngineError], dict[str, Any]]
    event: Callable[[EngineError], Event]
    says_done: bool = True
    """Whether a stream ends with llama.cpp's `[DONE]` where it says that."""


class UnknownPathError(BadRequestError):
    """The engine has no such path, or not with this method."""

    code = "unknown_path"
    http_status = 404

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"There is no {method} {path}.")


class BodyTooLargeError(BadRequestError):
    """A body is longer than the engine takes in."""

    code = "request_too_large"
    http_status = 413

    def __init__(self) -> None:
        super().__init__(f"A body may have {MAX_BODY_BYTES // 2**20} MiB, and this one has more.")


def answering(
    services: Services, style: Style, handler: Handler
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a handler: its errors are answered, and it is cancelled when its client leaves."""

    async def answer(request: web.Request) -> web.StreamResponse:
        with services.usage.client():
            try:
                return await _while_connected(request, handler(request))
            except EngineError as error:
                return failure(style, error)
            except Exception as error:
                logger.exception("%s failed", request.path)
                mistake = EngineError(f"The engine failed: {type(error).__name__}.")
                return failure(style, mistake)

    return answer


def add_route(application: web.Application, method: str, path: str, handler: Any) -> None:
    """Add a path; what can be got can be asked for its head alone."""
    if method == "GET":
        application.router.add_get(path, handler)
    else:
        application.router.add_route(method, path, handler)


def unknown_path(style: Style) -> Handler:
    """Return a handler for what no other path matches."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return failure(style, UnknownPathError(request.method, request.path))

    return answer


def failure(style: Style, error: EngineError) -> web.Response:
    """Write an error as an answer."""
    return reply(style.body(error), status=error.http_status)


def reply(content: object, *, status: int = 200) -> web.Response:
    """Write an object as an answer."""
    return web.Response(body=encode(content), status=status, content_type="application/json")


async def read_object(request: web.Request) -> dict[str, Any]:
    """Read a body that has to be a JSON object."""
    try:
        content = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise BodyTooLargeError from error
    except web.RequestPayloadError as error:
        # Else aiohttp reads on after our answer, for the rest of the body, and logs what it meets;
        # and where the next request begins is not known any more.
        request.content.feed_eof()
        request.protocol.close()
        raise BadRequestError(f"The body cannot be read: {error}.") from error
    try:
        body = decode(content)
    except ValueError as error:
        raise BadRequestError(f"The body is not a JSON object: {error}.") from error
    if not isinstance(body, dict):
        raise BadRequestError("The body is not a JSON object but another value.")
    return body


async def stream_to(request: web.Request) -> web.StreamResponse:
    """Begin a stream of events."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    return response


async def send(
    request: web.Request,
    response: web.StreamResponse,
    event: Event,
    *,
    patience_s: float = STALLED_S,
) -> None:
    """Send an event; a client that does not read is dropped, and `ConnectionError` is raised."""
    try:
        async with asyncio.timeout(patience_s):
            await response.write(event.encode())
    except TimeoutError as error:
        logger.warning("dropped a client that does not read (%s)", request.path)
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("The client does not read.") from error


def is_connected(request: web.Request) -> bool:
    """Whether the client is still there, as far as the system has noticed."""
    return request.transport is not None and not request.transport.is_closing()


async def _while_connected(
    request: web.Request, work: Coroutine[Any, Any, web.StreamResponse]
) -> web.StreamResponse:
    """Run a handler until it ends or its client is gone."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_EVERY_S)
            if not is_connected(request):
                break
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
    if task.cancelled():
        return web.Response(status=499, reason="Client Closed Request")
    try:
        return task.result()
    except ConnectionError:
        return web.Response(status=499, reason="Client Closed Request")
