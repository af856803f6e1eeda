"""Reads which MCP servers there are from a file as LM Studio's `mcp.json` is one."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from lms_jupyter.errors import CommandError

MOST_BYTES: Final = 1_000_000
_EXAMPLE: Final = '{"mcpServers": {"files": {"command": "npx", "args": ["some-server"]}}}'


class McpServer(Struct, frozen=True, kw_only=True):
    """A server: a program to be started, or an address."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    """May have secrets, as `headers` may."""
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Say which it is, and nothing that may be secret."""
        return f"McpServer({self.name!r})"


def read_servers(file: Path) -> tuple[McpServer, ...]:
    """Return the servers of a file; those that are `disabled` in it are left out.

    Raises:
        CommandError: It cannot be read, or says no server that can be used.
    """
    named = _named(file)
    found = tuple(
        _server(file, name, spec)
        for name, spec in named.items()
        if not (isinstance(spec, Mapping) and spec.get("disabled") is True)
    )
    if not found:
        raise CommandError(
            f"{file} names no MCP server.", hint=f"It should be like {_EXAMPLE}, as LM Studio's."
        )
    return found


def _named(file: Path) -> Mapping[str, Any]:
    try:
        if not file.is_file():
            kind = "is no file" if file.exists() else "does not exist"
            raise CommandError(f"{file} {kind}.", hint=f"--mcp takes a file like {_EXAMPLE}.")
        with file.open("rb") as opened:
            written = opened.read(MOST_BYTES + 1)
        if len(written) > MOST_BYTES:
            raise CommandError(f"{file} has more than {MOST_BYTES:,} bytes: that is no mcp.json.")
        spec = json.loads(written)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(
            f"{file} is no JSON: {error}.", hint=f"It should be {_EXAMPLE}."
        ) from None
    named = spec.get("mcpServers") if isinstance(spec, Mapping) else None
    if not isinstance(named, Mapping):
        raise CommandError(
            f"{file} has no object `mcpServers`.", hint=f"It should be like {_EXAMPLE}."
        )
    return named


def _server(file: Path, name: str, spec: object) -> McpServer:
    """Read what is said of one server; what its values are is in no sentence."""
    where = f"{file}: the server {name!r}"
    if not isinstance(spec, Mapping):
        raise CommandError(f"{where} is no object.")
    command, url = (_text(where, spec, key) for key in ("command", "url"))
    if bool(command) == bool(url):
        wrong = "both" if command else "neither"
        raise CommandError(
            f"{where} has {wrong} of `command` and `url`.",
            hint="A server is a program to be started, or an address to be asked.",
        )
    if url and not url.startswith(("http://", "https://")):
        raise CommandError(f"{where} has a `url` that is neither http:// nor https://.")
    if "sse" in (spec.get("type"), spec.get("transport")):
        raise CommandError(
            f"{where} speaks the protocol of 2024 (sse), which cells do not.",
            hint="Most have a newer address beside it, often /mcp: name that, without a type.",
        )
    args = spec.get("args", [])
    if not isinstance(args, list) or not all(isinstance(argument, str) for argument in args):
        raise CommandError(f"{where} has `args` that are no list of texts.")
    cwd = _text(where, spec, "cwd")
    return McpServer(
        name=name,
        command=os.path.expanduser(command),  # noqa: PTH111 - may be the name of a program
        args=tuple(args),
        env=_texts(where, spec, "env"),
        cwd=str(Path(cwd).expanduser()) if cwd else "",
        url=url,
        headers=_texts(where, spec, "headers"),
    )


def _text(where: str, spec: Mapping[str, Any], key: str) -> str:
    value = spec.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise CommandError(f"{where} has a `{key}` that is no text.")
    return value


def _texts(where: str, spec: Mapping[str, Any], key: str) -> dict[str, str]:
    value = spec.get(key) or {}
    if not isinstance(value, Mapping) or not all(
        isinstance(text, str) and "\0" not in text for text in value.values()
    ):
        raise CommandError(f"{where} has `{key}` that is no object of texts.")
    return dict(value)
