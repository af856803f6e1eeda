"""Lengths of time as people write them: `90`, `5m`, `1h30m`, `none`."""

import re

from lms_jupyter.errors import CommandError

_PATTERN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
NEVER = ("none", "never")
LEAST_S = 1


def parse_ttl(text: str) -> float | None:
    """Read a TTL; `None` is "never".

    >>> parse_ttl("1h30m")
    5400.0

    Raises:
        CommandError: It is no length of time, or a length that makes no sense.
    """
    if text.lower() in NEVER:
        return None
    seconds = parse_duration(text, "TTL")
    if seconds < LEAST_S:
        raise CommandError(
            f"a TTL of {text} makes no sense: give at least {LEAST_S} second, or none"
        )
    return seconds


def parse_duration(text: str, what: str = "length of time") -> float:
    """Read a length of time in seconds.

    >>> parse_duration("90")
    90.0

    Raises:
        CommandError: It is no length of time.
    """
    if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    if text and (match := _PATTERN.fullmatch(text.lower())):
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        return float(hours * 3600 + minutes * 60 + rest)
    or_none = " or none" if what == "TTL" else ""
    raise CommandError(f"{text!r} is no {what}: write seconds (90), a time (5m, 1h30m){or_none}")


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
