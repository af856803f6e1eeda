"""Who is looking. Watching a host costs nothing while nobody does."""

import time
from collections.abc import Callable

VIEWER_TIMEOUT_S = 60.0
"""A front end that has not said again that it is visible has gone without a word."""


class Viewers:
    """Keeps the names of the viewers that are visible, each until its lease runs out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def note(self, viewer: str, *, visible: bool) -> None:
        """Take note of what a viewer says of itself."""
        if visible:
            self._until[viewer] = self._clock() + VIEWER_TIMEOUT_S
        else:
            self._until.pop(viewer, None)

    @property
    def anyone(self) -> bool:
        """Whether anyone is looking now."""
        now = self._clock()
        self._until = {viewer: until for viewer, until in self._until.items() if until > now}
        return bool(self._until)
