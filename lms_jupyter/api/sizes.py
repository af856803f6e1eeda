"""Sizes as people say them."""


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
