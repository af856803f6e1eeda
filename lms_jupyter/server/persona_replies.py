"""What the persona says in a chat of Jupyter AI: the answer of whatever model is in memory."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from msgspec import Struct

from lms_jupyter.api.host_verbs import last_used
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.prediction import Message, PredictionFragment, Sampling
from lms_jupyter.server.agents import desk_here

MOST_MESSAGES = 40
"""Of a chat that a model is shown: the newest."""
_MENTION = re.compile(r"^\s*@\S+\s*")


class ChatLine(Struct, frozen=True, kw_only=True):
    """One message of a chat."""

    sender: str
    body: str


async def reply(lines: Sequence[ChatLine], own: str) -> AsyncGenerator[str]:
    """Continue a chat, piece by piece; closing the iterator stops the model.

    Args:
        lines: The chat, the newest last; who writes there has allowed this by writing.
        own: The sender of what the persona has said.

    Raises:
        CommandError: No model is in memory, or our extension does not run in this server.
        LmsError: The host could not answer.
    """
    manager = await desk_here().connected_manager()
    try:
        instance = await last_used(manager)
    except CommandError as error:
        raise CommandError(
            error.title, hint="Load one in the sidebar, or in a notebook: %lms load KEY"
        ) from error
    answer = manager.connected_host.respond(instance, conversation(lines, own), Sampling())
    async with aclosing(answer) as steps:  # type: ignore[type-var]
        async for step in steps:
            if isinstance(step, PredictionFragment) and not step.thought:
                yield step.text


def conversation(lines: Sequence[ChatLine], own: str) -> list[Message]:
    """Return a chat as a model reads it: turns that alternate, the user's first and last."""
    turns: list[Message] = []
    for line in lines[-MOST_MESSAGES:]:
        is_own = line.sender == own
        text = line.body if is_own else _MENTION.sub("", line.body)
        role = "assistant" if is_own else "user"
        if not text.strip() or (is_own and not turns):
            continue
        if turns and turns[-1].role == role:
            # Several people, or several messages in a row: chat templates want turns.
            text = f"{turns.pop().text}\n\n{text}"
        turns.append(Message(role="assistant" if is_own else "user", text=text))
    if turns and turns[-1].role == "assistant":
        turns.pop()
    if not turns:
        raise CommandError("There is nothing to say: the message is empty.")
    return turns
