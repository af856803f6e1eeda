"""Server-sent events: read from llama.cpp, write to clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lms_jupyter.engine.wire.frames import encode

DONE: Final = b"[DONE]"
"""How OpenAI's streams end."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `name` is empty where events are told apart by their data alone."""

    data: bytes
    name: str = ""

    def encode(self) -> bytes:
        """Write it the way it goes over the line."""
        head = f"event: {self.name}\n".encode() if self.name else b""
        return head + b"data: " + self.data + b"\n\n"

    def decode(self) -> dict[str, Any]:
        """Return the data, which has to be a JSON object."""
        content: dict[str, Any] = msgspec.json.decode(self.data, type=dict[str, Any])
        return content


def event(content: dict[str, Any]) -> Event:
    """Make an event of an object; its name is the object's `type`."""
    return Event(encode(content), str(content["type"]))


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Split a stream into its events, wherever its chunks are cut.

    llama.cpp reports a failure in the midst of a stream as a line `error:` instead of `data:`; that
    becomes an event of the name `error`.
    """
    rest = b""
    async for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            found = _read(block)
            if found is not None:
                yield found


def _read(block: bytes) -> Event | None:
    name, data = "", None
    for line in block.splitlines():
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"data":
            data = value if data is None else data + b"\n" + value
        elif field == b"error":
            return Event(value, "error")
    return None if data is None else Event(data, name)
