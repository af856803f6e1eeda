"""Event loops in threads of their own, for what stands in for a host."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any


def loop_thread(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]
) -> threading.Thread:
    """Return a thread, not started yet, that does some work in a loop and then closes the loop.

    What the work has left running is called off before: the collector would find it in the middle
    of some later test.
    """

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(work)

    return threading.Thread(target=run)
