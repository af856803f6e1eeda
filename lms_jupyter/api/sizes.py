"""Sizes as people say them."""

import re

from lms_jupyter.errors import CommandError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B?", re.ASCII | re.IGNORECASE)
_UNITS = " kmgt"


def parse_size(text: str) -> int:
    """Read a size.

    >>> parse_size("12GB"), parse_size("1.5 GiB")
    (12000000000, 1610612736)

    Raises:
        CommandError: It is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or not match[2]:
        raise CommandError(f"{text!r} is no size: write it with its unit, as 12GB or 800MB")
    number, unit, binary = match.groups()
    base = 1024 if binary else 1000
    return int(float(number) * base ** _UNITS.index(unit.lower()))


def format_size(size_bytes: float) -> str:
    """Format a size as the panel does: base 1000, two decimals from kB on.

    >>> format_size(4_920_000_000)
    '4.92 GB'
    """
    units = ("B", "kB", "MB", "GB", "TB")
    unit = 0
    # The bound is what would be rounded up to 1000 of this unit.
    while size_bytes >= (999.5 if unit == 0 else 999.995) and unit < len(units) - 1:
        size_bytes /= 1000
        unit += 1
    return f"{size_bytes:.0f} {units[unit]}" if unit == 0 else f"{size_bytes:.2f} {units[unit]}"
