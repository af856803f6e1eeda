"""Times as people write them: `90`, `5m`, `1h30m`, `none`; `while-open`, `until 18:00`.

Both the engine and the rest read them, in rules of the user's; it imports neither.
"""

import re
from datetime import datetime, timedelta

NEVER = ("none", "never")
LEAST_S = 1
LONGEST_S = 2**53 / 1000
"""Hosts count milliseconds, and no client counts further."""
MOST_CHARACTERS = 40
WHILE_OPEN = "while-open"
_LENGTH = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


def read_ttl(text: str) -> float | None:
    """Read a TTL; `None` is "never".

    >>> read_ttl("1h30m")
    5400.0

    Raises:
        ValueError: It is no length of time, or a length that makes no sense.
    """
    if text.lower() in NEVER:
        return None
    seconds = read_duration(text, "TTL")
    if seconds < LEAST_S:
        raise ValueError(f"a TTL of {text} makes no sense: give at least {LEAST_S} second, or none")
    return seconds


def read_duration(text: str, what: str = "length of time") -> float:
    """Read a length of time in seconds.

    >>> read_duration("90")
    90.0

    Raises:
        ValueError: It is no length of time.
    """
    if (seconds := _seconds(text)) is not None and seconds <= LONGEST_S:
        return seconds
    or_none = " or none" if what == "TTL" else ""
    raise ValueError(f"{text!r:.100} is no {what}: write seconds (90), a time (5m, 1h30m){or_none}")


def _seconds(text: str) -> float | None:
    if len(text) > MOST_CHARACTERS:
        return None
    if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    if text and (match := _LENGTH.fullmatch(text.lower())):
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        return float(hours * 3600 + minutes * 60 + rest)
    return None


def read_until(text: str, now: datetime | None = None) -> datetime | None:
    """Read what is to keep an instance; a time of day is the next one. `None` is `while-open`.

    Raises:
        ValueError: It is neither, or a time that has passed.
    """
    now = now or datetime.now().astimezone()
    written = " ".join(text.split())
    if written == WHILE_OPEN:
        return None
    word, _, time = written.partition(" ")
    if word != "until" or not time:
        raise ValueError(f"{text!r} is nothing that could keep an instance.")
    until = _moment(time, now)
    if until is None:
        raise ValueError(f"{time!r} is no time.")
    if until <= now:
        raise ValueError(f"{time} has passed.")
    return until


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
        # At the ends of the calendar there is no such time in every zone.
        return until.astimezone() if now.tzinfo and not until.tzinfo else until
    except (ValueError, OverflowError):
        return None


def _on_next_day(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment + timedelta(days=1)
    return (moment.replace(tzinfo=None) + timedelta(days=1)).astimezone()
