"""Talks to llama.cpp's HTTP server in a worker process.

Every request has its own connection: llama.cpp closes it after a streamed answer, and closing it
from here is how a request is cancelled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import aiohttp
import msgspec

from lms_jupyter.engine.errors import (
    BadRequestError,
    ContextFullError,
    EngineError,
    InferenceError,
    PromptTooLongError,
)
from lms_jupyter.engine.instances.instance import Instance

_ANSWER_END = b"data: [DONE]"
_FAILED = 500
_OWN_FAILURES = re.compile(
    r"^failed to |^got exception|^Compute error|^context shift|^the current context does not"
    r"|^the model could not|^Invalid diff|^The model produced output|bad_alloc|^unknown error"
)
"""How llama.cpp's errors of 500 begin that are its own: those that come while it computes.

The others come while it reads the request, and llama.cpp answers most of these with 500, too.
"""
_EXCEPTION = re.compile(r"\[json\.exception\.[\w.]+\] ")
_TOO_LONG = re.compile(r"input \((\d+) tokens\) is too large to process.*batch size: (\d+)")
_FULL = "Context size has been exceeded"
END_KNOWN_S = 1.0
"""How long the end of a process may take to be known after its connections broke."""
_NO_IMAGE = "Failed to load image or audio file"


class LlamaHttp:
    """A client for all workers."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._session.close()

    async def get(self, instance: Instance, path: str) -> Any:
        """Return the answer to a GET.

        Raises:
            BadRequestError: llama.cpp cannot do what is asked.
            InferenceError: It has failed, or has gone.
        """
        return await self._ask(instance, "GET", path, None)

    async def post(self, instance: Instance, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a POST.

        Raises:
            BadRequestError: llama.cpp cannot do what is asked.
            InferenceError: It has failed, or has gone.
        """
        return await self._ask(instance, "POST", path, body)

    async def stream(
        self, instance: Instance, path: str, body: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any]]:
        """Yield the events of a streamed answer; closing the iterator cancels the request."""
        try:
            async with self._request(instance, "POST", path, body) as response:
                if response.status != 200:  # noqa: PLR2004 - OK
                    raise problem(response.status, await response.read())
                async for event in _events(response.content):
                    if "error" in event:
                        raise problem(500, msgspec.json.encode(event))
                    yield event
        except (aiohttp.ClientError, OSError) as error:
            raise await _broken(instance, error) from error

    async def raw(
        self, instance: Instance, path: str, body: Mapping[str, Any]
    ) -> AsyncGenerator[bytes]:
        """Yield the bytes of an answer as they come; closing the iterator cancels the request."""
        try:
            async with self._request(instance, "POST", path, body) as response:
                if response.status != 200:  # noqa: PLR2004 - OK
                    raise problem(response.status, await response.read())
                async for chunk in response.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise await _broken(instance, error) from error

    async def _ask(
        self, instance: Instance, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Any:
        try:
            async with self._request(instance, method, path, body) as response:
                content = await response.read()
                if response.status != 200:  # noqa: PLR2004 - OK
                    raise problem(response.status, content)
                return msgspec.json.decode(content)
        except (aiohttp.ClientError, OSError) as error:
            raise await _broken(instance, error) from error

    def _request(
        self, instance: Instance, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Any:
        worker = instance.worker
        if worker is None:
            raise InferenceError(f"{instance.identifier!r} has no process.")
        return self._session.request(
            method,
            instance.address + path,
            data=None if body is None else msgspec.json.encode(body),
            headers={
                "Authorization": f"Bearer {worker.api_key}",
                "Content-Type": "application/json",
            },
        )


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """Split a stream into its server-sent events."""
    rest = b""
    async for chunk in content.iter_any():
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            if block.startswith(b"data: ") and not block.startswith(_ANSWER_END):
                yield msgspec.json.decode(block[6:])
            elif block.startswith(b"error: "):
                yield {"error": msgspec.json.decode(block[7:])}


def problem(status: int, content: bytes) -> EngineError:
    """Return llama.cpp's error as one of ours."""
    try:
        error = msgspec.json.decode(content)["error"]
        message = str(error["message"]).strip().rstrip(".")
    except (msgspec.DecodeError, KeyError, TypeError):
        error, message = {}, content.decode(errors="replace")[:200]
    if message == _FULL:
        return ContextFullError(f"llama.cpp broke the answer off: {message}.")
    too_long = _TOO_LONG.match(message)
    if too_long is not None:
        return PromptTooLongError(
            f"The text has {too_long[1]} tokens, but the context of the model has only "
            f"{too_long[2]}.",
            hint="Shorten the text, or cut it into pieces.",
        )
    if message == _NO_IMAGE:
        return BadRequestError(
            "An image cannot be read: its data is damaged, or of a format that llama.cpp does not "
            "know.",
            hint="Send it as PNG or JPEG.",
        )
    if error.get("type") == "exceed_context_size_error":
        asked, limit = error.get("n_prompt_tokens"), error.get("n_ctx")
        # In words by which Anthropic's and llama.cpp's clients know what happened.
        return PromptTooLongError(
            f"The prompt is too long: it has {asked} tokens, which exceeds the available context "
            f"size of {limit}.",
            hint="Shorten the prompt, or load the model with a longer context.",
        )
    failed = status >= _FAILED and (not error or _OWN_FAILURES.search(message))
    kind = InferenceError if failed else BadRequestError
    return kind(f"llama.cpp refused the request: {_EXCEPTION.sub('', message)}.")


async def _broken(instance: Instance, error: Exception) -> InferenceError:
    """Return what to tell of a connection that broke, once it is clear whether its process ended.

    Its sockets are closed some moments before the end of a process is known. Who asks for the
    instance then must not be given one that is as good as gone.
    """
    worker, name = instance.worker, repr(instance.identifier)
    if worker is not None:
        await asyncio.wait([worker.exited], timeout=END_KNOWN_S)
    if worker is None or not worker.is_running:
        return InferenceError(f"The process of {name} has ended.", hint="The log says more.")
    why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return InferenceError(
        f"The connection to the process of {name} broke{why}.", hint="The log says more."
    )
