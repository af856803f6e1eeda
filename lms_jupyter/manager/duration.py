"""Lengths of time as people write them: `90`, `5m`, `1h30m`, `none`."""

from lms_jupyter import time_words
from lms_jupyter.errors import CommandError


def parse_ttl(text: str) -> float | None:
    """Read a TTL; `None` is "never".

    >>> parse_ttl("1h30m")
    5400.0

    Raises:
        CommandError: It is no length of time, or a length that makes no sense.
    """
    try:
        return time_words.read_ttl(text)
    except ValueError as error:
        raise CommandError(str(error)) from None


def parse_duration(text: str, what: str = "length of time") -> float:
    """Read a length of time in seconds.

    >>> parse_duration("90")
    90.0

    Raises:
        CommandError: It is no length of time.
    """
    try:
        return time_words.read_duration(text, what)
    except ValueError as error:
        raise CommandError(str(error)) from None


def format_duration(seconds: float) -> str:
    """Format a length of time as people do, in at most two units.

    >>> format_duration(5400)
    '1 h 30 min'
    """
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (secs, "s")]
    shown = [f"{amount} {unit}" for amount, unit in parts if amount]
    return " ".join(shown[:2]) or "0 s"
