"""Machines that are written down in a file: a fleet that needs nobody to find it.

[devices.gpu-box]
address = "192.168.0.7:1234"
token-file = "/home/me/gpu-box.token"
labels = { room = "lab" }
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lms_jupyter.engine import secrecy
from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.token import Token


@dataclass(frozen=True, slots=True)
class Listed:
    """The machines of a file."""

    nodes: tuple[Node, ...]

    @classmethod
    def read(cls, file: Path) -> Listed:
        """Read a file.

        Raises:
            BadRequestError: It cannot be read, or says something else.
        """
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadRequestError(
                f"The fleet cannot be read from {file}: {error.strerror}."
            ) from error
        except ValueError as error:
            raise BadRequestError(f"The fleet in {file} is no TOML: {error}.") from error
        devices = content.get("devices")
        if not isinstance(devices, dict) or not devices:
            raise BadRequestError(
                f"The fleet in {file} has no devices.",
                hint='Write one as [devices.NAME] with address = "HOST:PORT".',
            )
        return cls(tuple(_node(file, name, entry) for name, entry in devices.items()))

    async def watch(self) -> AsyncIterator[Sequence[Node]]:
        """Yield them, once: a file stays as it was read."""
        yield self.nodes
        await asyncio.Event().wait()


def _node(file: Path, name: str, entry: Any) -> Node:
    fields = entry if isinstance(entry, Mapping) else {}
    address = fields.get("address")
    if not isinstance(address, str) or not address.rpartition(":")[2].isdecimal():
        raise BadRequestError(
            f"The device {name!r} in {file} needs an address, not {address!r:.100}.",
            hint='Write it as address = "HOST:PORT".',
        )
    labels = fields.get("labels") or {}
    if not isinstance(labels, Mapping):
        raise BadRequestError(f"The labels of the device {name!r} in {file} are no table.")
    return Node(
        device=name,
        name=name,
        address=address,
        token=_token(file, name, fields),
        labels={str(key): str(value) for key, value in labels.items()},
    )


def _token(file: Path, name: str, fields: Mapping[str, Any]) -> Token | None:
    kept = fields.get("token-file")
    if kept is None:
        return None
    if not isinstance(kept, str):
        raise BadRequestError(f"The token-file of the device {name!r} in {file} is no path.")
    return secrecy.kept_in(file.parent / kept)
