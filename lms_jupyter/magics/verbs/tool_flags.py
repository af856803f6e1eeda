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
        help="refused: no host lets a notebook use MCP servers over the SDK's protocol",
        metavar="FILE",
    ),
)


def tool_use(a: argparse.Namespace) -> ToolUse:
    """Read these flags of a line.

    Raises:
        CommandError: They do not go with the others.
    """
    if getattr(a, "mcp", None) is not None:
        raise CommandError(
            f"--mcp {a.mcp}: LM Studio runs MCP servers for its own chats and its REST API alone, "
            "and the embedded engine runs none.",
            hint="Write a function that asks the server, and offer it with --tools; or post to "
            "LM Studio's /api/v1/chat with `integrations`.",
        )
    names = tuple(getattr(a, "tools", ()))
    if not names:
        return ToolUse()
    if a.schema is not None:
        raise CommandError(
            "--tools and --json do not go together: a model that may call tools cannot be held to "
            "a form as well.",
            hint="Ask for the form in a second cell, with the same --chat.",
        )
    return ToolUse(names=names, yes=a.yes, rounds=a.rounds)
