"""What the memory diary says, as notebooks and front ends see it."""

from lms_jupyter.diary.entries import By, Load, PastRequest, Sum
from lms_jupyter.protocol.record import Record

SumBy = By


class DiaryLoad(Record, Load, frozen=True, kw_only=True):
    """An instance from its load to its end, or a load that was refused, which has no reference."""


class DiaryRequest(Record, PastRequest, frozen=True, kw_only=True):
    """A request that has ended."""


class DiarySum(Record, Sum, frozen=True, kw_only=True):
    """What comes together under one notebook, model or day."""
