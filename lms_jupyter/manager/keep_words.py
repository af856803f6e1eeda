"""What keeps an instance, as people write it: `while-open`, `until 18:00`."""

from datetime import datetime

from lms_jupyter.errors import CommandError
from lms_jupyter.protocol.models import Keep
from lms_jupyter.time_words import read_until

HINT = "Write while-open, or a time: until 18:00, until 2027-01-31 09:00."


def parse_keep(text: str, now: datetime | None = None) -> Keep:
    """Read what is to keep an instance; a time of day is the next one, by this machine's clock.

    >>> parse_keep("while-open")
    Keep(until=None)

    Raises:
        CommandError: It is neither, or a time that has passed.
    """
    try:
        until = read_until(text, now)
    except ValueError as error:
        raise CommandError(str(error), hint=HINT) from None
    return Keep(until=None if until is None else until.timestamp())


def say_keep(keep: Keep, now: float) -> str:
    """Say what keeps an instance, with the day where it is not today.

    Args:
        keep: What keeps it.
        now: The time by the same clock, Unix seconds.
    """
    if keep.until is None:
        return "while a notebook is open that wants it"
    until, today = (datetime.fromtimestamp(at).astimezone() for at in (keep.until, now))
    form = "%H:%M" if until.date() == today.date() else "%Y-%m-%d %H:%M"
    return f"until {until.strftime(form)}"
