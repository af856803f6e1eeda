"""The tools of MCP servers, as a model in a cell may call them."""

import contextlib
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from lms_jupyter.api.mcp.client import McpClient, McpTool
from lms_jupyter.api.mcp.servers import read_servers
from lms_jupyter.api.tool_functions import ToolFunction
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.tool_calls import ToolDefinition

NAME_CHARACTERS = 64
"""Of a tool's name, as models write it."""


@contextlib.contextmanager
def tools_of_servers(
    file: Path, *, allowed: Collection[str] = (), taken: Collection[str] = ()
) -> Iterator[tuple[ToolFunction, ...]]:
    """Start or reach the servers of a file, and end that afterwards.

    Args:
        file: As LM Studio's `mcp.json`.
        allowed: The only tools that are wanted; all if there are none.
        taken: Names that other tools have.

    Raises:
        CommandError: The file is none, or a tool that is wanted is not there.
        McpError: A server cannot be used.
    """
    servers = read_servers(file)
    with contextlib.ExitStack() as stack:
        found: list[tuple[McpClient, McpTool]] = []
        for server in servers:
            client = McpClient(server, file.parent)
            stack.callback(client.close)
            found += [(client, tool) for tool in client.tools()]
        known = sorted({tool.name for _, tool in found})
        if lost := sorted(set(allowed) - set(known)):
            raise CommandError(
                f"No MCP server of {file} has a tool {lost[0]!r}.",
                hint=f"There are: {', '.join(known)}." if known else "They have none at all.",
            )
        wanted = [(client, tool) for client, tool in found if not allowed or tool.name in allowed]
        if not wanted:
            raise CommandError(f"The MCP servers of {file} have no tools.")
        yield _named(wanted, taken)


def _named(
    found: list[tuple[McpClient, McpTool]], taken: Collection[str]
) -> tuple[ToolFunction, ...]:
    """Give each tool a name of its own; the server's is in front where another has it."""
    names = [_plain(tool.name) for _, tool in found]
    twice = {name for name in names if names.count(name) > 1 or name in taken}
    tools: dict[str, ToolFunction] = {}
    for (client, tool), plain in zip(found, names, strict=True):
        name = _plain(f"{client.name}_{plain}") if plain in twice else plain
        if name in tools or name in taken:
            raise CommandError(
                f"Two tools are called {name!r}.",
                hint="--allowed-tools takes one of them, or a server needs another name.",
            )
        definition = ToolDefinition(
            name=name, description=tool.description, parameters=tool.parameters
        )
        tools[name] = ToolFunction(definition, _caller(client, tool.name), None)
    return tuple(tools.values())


def _caller(client: McpClient, name: str) -> Callable[..., str]:
    def call(**arguments: object) -> str:
        return client.call(name, arguments)

    return call


def _plain(name: str) -> str:
    """Return a name as models can write it.

    >>> _plain("files/read.all")
    'files_read_all'
    """
    return re.sub(r"[^\w-]", "_", name, flags=re.ASCII)[:NAME_CHARACTERS]
