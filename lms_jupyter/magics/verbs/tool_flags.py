"""The flags of `%%lms` that let a model call functions of the notebook."""

import argparse

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Flag, python_name, several, whole

ROUNDS = 10
MOST_ROUNDS = 1000


class ToolUse(Struct, frozen=True, kw_only=True):
    """What a model may call, and how often."""

    names: tuple[str, ...] = ()
    """Of functions in the notebook, or of lists of functions."""
    yes: bool = False
    """Whether each call is allowed without a question."""
    rounds: int = ROUNDS
    """How often the model may call something before it has to answer."""
    mcp: str | None = None
    """The file that names MCP servers, whose tools it may call too."""
    allowed: tuple[str, ...] = ()
    """The only tools of those servers that it may call; all if there are none."""


TOOL_FLAGS = (
    Flag(
        names=("--tools",),
        help="functions of the notebook that the model may call; several with commas",
        metavar="NAMES",
        read=several(python_name),
        default=(),
        completes="tool",
    ),
    Flag(names=("-y", "--yes"), help="let it call them without asking each time", default=False),
    Flag(
        names=("--rounds",),
        help=f"how often it may call tools before it has to answer (default: {ROUNDS})",
        metavar="N",
        read=whole(1, MOST_ROUNDS),
        default=ROUNDS,
    ),
    Flag(
        names=("--mcp",),
        help="tools of the MCP servers that this file names, in the form of LM Studio's mcp.json; "
        "each server runs as long as the cell",
        metavar="FILE",
    ),
    Flag(
        names=("--allowed-tools",),
        help="of the MCP servers' tools only these; several with commas",
        metavar="NAMES",
        read=several(str),
        default=(),
    ),
)


def tool_use(a: argparse.Namespace) -> ToolUse:
    """Read these flags of a line.

    Raises:
        CommandError: They do not go with the others.
    """
    names = tuple(getattr(a, "tools", ()))
    mcp, allowed = getattr(a, "mcp", None), tuple(getattr(a, "allowed_tools", ()))
    if allowed and mcp is None:
        raise CommandError(
            "--allowed-tools is of MCP servers, and no --mcp FILE names any.",
            hint="Functions of the notebook are allowed by their names in --tools.",
        )
    if not names and mcp is None:
        return ToolUse()
    if a.schema is not None:
        raise CommandError(
            f"{'--tools' if names else '--mcp'} and --json do not go together: a model that may "
            "call tools cannot be held to a form as well.",
            hint="Ask for the form in a second cell, with the same --chat.",
        )
    return ToolUse(names=names, yes=a.yes, rounds=a.rounds, mcp=mcp, allowed=allowed)
