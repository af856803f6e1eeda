"""Widgets where a kernel's other threads are not heard: the page asks, and is told in its answer.

Google Colab brings to a page what a kernel says while it runs a cell or handles a message, and
nothing else. What our managers see comes from threads of their own.
"""

import os
from collections import deque
from collections.abc import Iterable
from typing import Any

COLAB = "COLAB_RELEASE_TAG"
"""Set in every kernel of Google Colab."""


def is_unheard() -> bool:
    """Tell whether pages hear nothing of this kernel's other threads."""
    return COLAB in os.environ


class Outbox:
    """What is to be told to a page when it asks next."""

    def __init__(self) -> None:
        self._answers: deque[dict[str, Any]] = deque()
        self._revisions: dict[str, tuple[str, int]] = {}

    def put(self, answer: dict[str, Any]) -> None:
        """Keep an answer to a click; any thread may."""
        self._answers.append(answer)

    def take(self) -> Iterable[dict[str, Any]]:
        """Return the answers since the last time, the oldest first."""
        while self._answers:
            yield self._answers.popleft()

    def is_new(self, name: str, value: dict[str, Any]) -> bool:
        """Tell whether a slice is another than when this was asked last."""
        seen = value.get("epoch", ""), value.get("revision", 0)
        if self._revisions.get(name) == seen:
            return False
        self._revisions[name] = seen
        return True
