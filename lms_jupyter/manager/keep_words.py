"""What keeps an instance, as people write it: `while-open`, `until 18:00`."""

import re
from datetime import datetime, timedelta

from lms_jupyter.errors import CommandError
from lms_jupyter.protocol.models import Keep

WHILE_OPEN = "while-open"
HINT = "Write while-open, or a time: until 18:00, until 2027-01-31 09:00."

_TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


def parse_keep(text: str, now: datetime | None = None) -> Keep:
    """Read what is to keep an instance; a time of day is the next one, by this machine's clock.

    >>> parse_keep("while-open")
    Keep(until=None)

    Raises:
        CommandError: It is neither, or a time that has passed.
    """
    now = now or datetime.now().astimezone()
    written = " ".join(text.split())
    if written == WHILE_OPEN:
        return Keep()
    word, _, time = written.partition(" ")
    if word != "until" or not time:
        raise CommandError(f"{text!r} is nothing that could keep an instance.", hint=HINT)
    until = _moment(time, now)
    if until is None:
        raise CommandError(f"{time!r} is no time.", hint=HINT)
    if until <= now:
        raise CommandError(f"{time} has passed.", hint=HINT)
    return Keep(until=until.timestamp())


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


def _moment(text: str, now: datetime) -> datetime | None:
    """Read a time of day, or a date and a time."""
    if (match := _TIME.fullmatch(text)) is not None:
        hour, minute = map(int, match.groups())
        try:
            until = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        except ValueError:
            return None
        # The same time of another day: a day may have 23 or 25 hours.
        return until if until > now else _on_next_day(until)
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return None
    if now.tzinfo is not None and until.tzinfo is None:
        until = until.astimezone()
    return until


def _on_next_day(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment + timedelta(days=1)
    return (moment.replace(tzinfo=None) + timedelta(days=1)).astimezone()
