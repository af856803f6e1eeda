"""How a command is answered: taken or refused, at once. What became of it is seen in the slices."""

from msgspec import Struct

from lms_jupyter.protocol.models import Estimate, Problem


class Accepted(Struct, frozen=True, kw_only=True, tag="accepted", tag_field="kind"):
    """The command was taken."""

    now: float
    """The host's clock, so that a front end that has just opened counts down from the truth."""


class Refused(Struct, frozen=True, kw_only=True, tag="refused", tag_field="kind"):
    """The command was not taken, and nothing was attempted."""

    problem: Problem


class Estimated(Struct, frozen=True, kw_only=True, tag="estimated", tag_field="kind"):
    """The answer to `EstimateLoad`: a question is done when it is answered."""

    estimate: Estimate


Reply = Accepted | Refused | Estimated
