"""What goes when a conversation or a text outgrows the context. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lms_jupyter.engine.prediction.prediction import OverflowPolicy


def drop_message(roles: Sequence[str], policy: OverflowPolicy) -> int | None:
    """Return the index of the message to leave out next, `None` if none may go.

    System messages and the last message stay. A rolling window loses its oldest message; when the
    middle is to be truncated, the first message of the user stays, too.
    """
    candidates = [index for index, role in enumerate(roles[:-1]) if role != "system"]
    if policy == "truncateMiddle" and candidates and roles[candidates[0]] == "user":
        candidates = candidates[1:]
    return candidates[0] if candidates and policy != "stopAtLimit" else None


def shorten(tokens: Sequence[int], context: int, policy: OverflowPolicy) -> list[int]:
    """Return the tokens to go on with: half the context, so that there is room to continue."""
    half = context // 2
    kept = context // 4 if policy == "truncateMiddle" else 0
    if len(tokens) <= half:
        return list(tokens)
    return [*tokens[:kept], *tokens[len(tokens) - (half - kept) :]]
