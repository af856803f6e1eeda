"""Waiting for what nobody tells."""

import time
from collections.abc import Callable

LOOK_EVERY_S = 0.01
PATIENCE_S = 60.0
"""Far more than anything here takes: what is not so by then never will be."""


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Look again and again until something is so, and leave the processor to others meanwhile.

    Raises:
        AssertionError: It is not so after a minute; the message names it.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"Not within {PATIENCE_S:g} s: {what}."
        time.sleep(LOOK_EVERY_S)
