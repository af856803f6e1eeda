"""What keeps an instance, as clients say and read it: beyond LM Studio."""

from __future__ import annotations

from typing import Any

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.instances.instance import now
from lms_jupyter.engine.instances.lifecycle import Keep
from lms_jupyter.engine.wire.fields import MOST, an_object
from lms_jupyter.engine.wire.sdk import milliseconds


def keep_packet(keep: Keep | None) -> dict[str, Any] | None:
    """Write what keeps an instance."""
    if keep is None:
        return None
    if keep.until_s is None:
        return {"type": "whileOpen"}
    return {"type": "until", "at": milliseconds(keep.until_s)}


def read_keep(value: object) -> Keep | None:
    """Read what is to keep an instance; `None` lets its TTL count again.

    Raises:
        BadRequestError: It is none of these, or a time that has passed.
    """
    if value is None:
        return None
    asked = an_object(value)
    match asked.get("type"):
        case "whileOpen":
            return Keep()
        case "until":
            at = asked.get("at")
            if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= MOST:
                raise BadRequestError(f"'at' has to be milliseconds since 1970, not {at!r:.100}.")
            if at / 1000 <= now().unix_s:
                raise BadRequestError("The time until which it is to be kept has passed.")
            return Keep(at / 1000)
        case other:
            raise BadRequestError(f"'type' is whileOpen or until, not {other!r:.100}.")
