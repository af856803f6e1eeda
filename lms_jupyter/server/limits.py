"""How much one client may ask."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

MESSAGE_BYTES = 65_536
"""The largest message that is read; a load with every setting takes less than two thousand."""
MAX_DEPTH = 64
"""How deep a message may be nested; a command has five levels."""
BURST = 200
"""Commands at once: far more than hands can click, less than a page gone wild sends."""
PER_SECOND = 50.0
AT_ONCE = 64
"""Questions of one client under way at the same time."""
REPLIES_WAITING = 1000
"""Replies to a client that does not read them, before it is dropped."""
SEND_TIMEOUT_S = 30.0
"""How long a client may take to read one message, before it is dropped."""


def read_message(message: str | bytes) -> Any:
    """Read the JSON of a message.

    Raises:
        ValueError: It is none, or nested deeper than any message of ours.
    """
    try:
        value = msgspec.json.decode(message)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return value
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    if level:
        raise ValueError("it is nested too deep")
    return value


class Allowance:
    """What a client may still ask: a burst, refilled at a steady rate."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(BURST)
        self._at = clock()

    def take(self) -> bool:
        """Use up one command; `False` if there is none left."""
        now = self._clock()
        self._left = min(float(BURST), self._left + (now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
