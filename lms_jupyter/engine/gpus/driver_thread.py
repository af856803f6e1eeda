"""Asks drivers, which may take long to answer, or never answer once they are broken."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Answer = TypeVar("Answer")

PATIENCE_S: Final = 2.0
"""How long an answer is waited for."""

logger = logging.getLogger(__name__)


class DriverThread(Generic[Answer]):
    """Asks in a thread that nobody has to wait for at the end.

    Args:
        ask: Asks, and may take its time.
        about: What is asked for, for the log and the thread.
        patience_s: How long an answer is waited for.
    """

    def __init__(
        self, ask: Callable[[], Answer], about: str, patience_s: float = PATIENCE_S
    ) -> None:
        self._ask = ask
        self._about = about
        self._patience_s = patience_s
        self._is_asked = False

    async def answer(self) -> Answer | None:
        """Return the answer; `None` if it fails, is late, or the question before has none yet."""
        if self._is_asked:
            return None
        self._is_asked = True
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer | None] = loop.create_future()
        threading.Thread(
            target=self._run, args=(loop, answer), name=self._about, daemon=True
        ).start()
        try:
            async with asyncio.timeout(self._patience_s):
                return await answer
        except TimeoutError:
            return None

    def _run(self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Answer | None]) -> None:
        found: Answer | None = None
        try:
            found = self._ask()
        except Exception:
            logger.exception("the %s cannot be read", self._about)
        finally:
            self._is_asked = False

        def deliver() -> None:
            if not answer.done():
                answer.set_result(found)

        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver)
