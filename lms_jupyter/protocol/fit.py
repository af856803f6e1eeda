"""How much memory a load may take, as people write it: `max`, `85%`, `leave=4GB`. Pure."""

import re
from typing import Final

from msgspec import Struct

MAX: Final = "max"
_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_LEAVE: Final = re.compile(r"leave\s*=\s*(\d+(?:\.\d+)?)\s*([kMGT]?i?B)", re.IGNORECASE)
_UNITS: Final = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


class Fit(Struct, frozen=True, kw_only=True):
    """What a load has to leave free, of main memory and of the GPUs alike; nothing: all it may."""

    share: float | None = None
    """How much of the whole memory may be in use afterwards, by whomever."""
    leave_bytes: int | None = None
    """How much is to be free afterwards."""

    @property
    def keeps(self) -> bool:
        """Whether something is to stay free."""
        return self.share is not None or self.leave_bytes is not None

    def free_bytes(self, total_bytes: int) -> int:
        """Return how much of so much memory is to stay free."""
        if self.leave_bytes is not None:
            return self.leave_bytes
        return round((1 - self.share) * total_bytes) if self.share is not None else 0


def read_fit(text: str) -> Fit:
    """Read what people write.

    >>> read_fit("85%").free_bytes(1000)
    150
    >>> read_fit("leave=4GB").leave_bytes
    4000000000

    Raises:
        ValueError: It is nothing of the kind; the message is one sentence.
    """
    written = text.strip()
    if written == MAX:
        return Fit()
    if (share := _SHARE.fullmatch(written)) and 0 < float(share[1]) <= 100:  # noqa: PLR2004
        return Fit(share=float(share[1]) / 100)
    if leave := _LEAVE.fullmatch(written):
        return Fit(leave_bytes=round(float(leave[1]) * _UNITS[leave[2].lower()]))
    raise ValueError(f"{text!r:.100} is no fit: write max, 85% or leave=4GB")
