"""Shows an answer in a cell while it comes."""

from collections.abc import Sequence
from contextlib import aclosing

from lms_jupyter.api.answers import Draft
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.magics.context import LiveDisplay, MagicContext
from lms_jupyter.printable import printable
from lms_jupyter.protocol.models import Instance


def stream(
    context: MagicContext,
    instance: Instance,
    messages: Sequence[Message],
    sampling: Sampling,
    draft: Draft,
) -> None:
    """Show an answer while it comes."""
    work = follow(context, instance, messages, sampling, draft)
    if context.can_update:
        spot = LiveDisplay(context)

        def show() -> None:
            # An answer that only calls tools has no text to show.
            if draft.text or draft.thoughts or not draft.calls:
                spot.put(draft.bundle())

        try:
            context.session.run(work, show)
        finally:
            show()
        return
    written = _Writer(draft)
    try:
        context.session.run(work, written.more)
    finally:
        written.more()
        if draft.text or not draft.calls:
            print()  # noqa: T201 - the end of the answer in a terminal


class _Writer:
    """Writes what is new to a terminal, where nothing can be changed once it is shown."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._written = 0

    def more(self) -> None:
        """Write what has come since."""
        new = self._draft.text[self._written :]
        self._written += len(new)
        print(printable(new), end="", flush=True)  # noqa: T201 - as above


async def follow(
    context: MagicContext,
    instance: Instance,
    messages: Sequence[Message],
    sampling: Sampling,
    draft: Draft,
) -> None:
    """Take an answer piece by piece; cancelling this stops the host."""
    host = context.manager.connected_host
    async with aclosing(host.respond(instance, messages, sampling)) as steps:  # type: ignore[type-var]
        async for step in steps:
            draft.take(step)
    context.manager.wake.set()
