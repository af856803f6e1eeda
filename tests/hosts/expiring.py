"""What is in the memory of an LM Studio whose TTLs are counted."""

from threading import Timer
from typing import Any


class Expiring(dict[str, dict[str, Any]]):
    """For the `memory` of the stand-in: an instance leaves when its TTL is over, used or not."""

    def __setitem__(self, place: str, instance: dict[str, Any]) -> None:
        """Keep an instance until its TTL is over."""
        super().__setitem__(place, instance)
        if instance.get("ttlMs"):
            timer = Timer(instance["ttlMs"] / 1000, self._leave, (place, instance))
            timer.daemon = True
            timer.start()

    def _leave(self, place: str, instance: dict[str, Any]) -> None:
        # Another may have come in its place meanwhile.
        if self.get(place) is instance:
            del self[place]
