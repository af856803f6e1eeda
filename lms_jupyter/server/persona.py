"""A persona for Jupyter AI that talks to whatever model is in memory.

Found by its entry point in `jupyter_ai.personas`, and imported only where Jupyter AI is.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from jupyter_ai_persona_manager import BasePersona, PersonaDefaults

from lms_jupyter.errors import LmsError
from lms_jupyter.server.persona_replies import ChatLine, reply

AVATAR = Path(__file__).parent / "persona.svg"


class LocalModelPersona(BasePersona):  # type: ignore[misc] # Jupyter AI has no types here
    """Answers in a chat; nothing is loaded for it, and nothing leaves the host."""

    _answering: asyncio.Task[None] | None = None

    @property
    def defaults(self) -> Any:
        """Return how it is called and what it looks like."""
        return PersonaDefaults(
            name="LocalModel",
            description="Talks to the language model in this machine's memory.",
            avatar_path=str(AVATAR),
            system_prompt="",
        )

    async def process_message(self, message: Any) -> None:
        """Answer a message with the chat before it."""
        lines = [
            ChatLine(sender=str(message.sender), body=str(message.body))
            for message in self.chat.get_messages()
        ]
        if not lines or lines[-1].body != message.body:
            lines.append(ChatLine(sender=str(message.sender), body=str(message.body)))
        self._answering = asyncio.ensure_future(self._answer(lines))
        with contextlib.suppress(asyncio.CancelledError):
            await self._answering

    async def cancel_response(self) -> None:
        """Stop the model."""
        if self._answering is not None:
            self._answering.cancel()

    async def _answer(self, lines: list[ChatLine]) -> None:
        try:
            async with contextlib.aclosing(reply(lines, self.id)) as pieces:
                await self.stream_message(pieces)
        except LmsError as error:
            # A sentence for whoever writes, in place of a traceback.
            self.send_message(" ".join(part for part in (error.title, error.hint) if part))
        finally:
            self.clear_status()
