"""API tokens, in the form that LM Studio gives out."""

import re

from lms_jupyter.errors import CommandError

_FORM = re.compile(r"sk-lm-([A-Za-z0-9]{8}):([A-Za-z0-9]{20})")


class Token(str):
    """An API token. Whoever prints what holds it, a traceback too, sees that there is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Token(…)"


def parts(token: str) -> tuple[Token, Token]:
    """Return the two names that a token is in the handshake.

    Raises:
        CommandError: It is none. It is not repeated: errors end up in saved notebooks.
    """
    match = _FORM.fullmatch(token.strip())
    if match is None:
        raise malformed()
    return Token(match[1]), Token(match[2])


def malformed() -> CommandError:
    """Return what to raise for a token that is none."""
    return CommandError(
        "The API token is not of the form that LM Studio gives out.",
        hint="It begins with sk-lm- and has a colon in it.",
    )
