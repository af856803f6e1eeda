"""What the memory diary says, as notebooks and front ends see it."""

from typing import Literal

from msgspec import Struct

from lms_jupyter.diary.entries import By, Load, PastRequest, Sum
from lms_jupyter.protocol.record import Record

SumBy = By


class DiaryLoad(Record, Load, frozen=True, kw_only=True):
    """An instance from its load to its end, or a load that was refused, which has no reference."""


class DiaryRequest(Record, PastRequest, frozen=True, kw_only=True):
    """A request that has ended."""


class DiarySum(Record, Sum, frozen=True, kw_only=True):
    """What comes together under one notebook, model or day."""


class SettingOrigin(Record, Struct, frozen=True, kw_only=True):
    """A load setting in effect, and where it comes from."""

    setting: str
    """A field of `LoadConfig`."""
    value: str
    origin: Literal["asked", "changed", "host", "unknown"]
    """Named by whoever loaded it, changed by the host, the host's own choice; "unknown" where
    somebody else has loaded it."""
    source: str = ""
    """Where what was asked was named, if not with the load itself: `--profile fast`."""
