"""A font in which each letter is as wide as any other: a machine's own fonts make no difference."""

import struct
from itertools import accumulate

EM, WIDE, UP, DOWN = 1000, 550, 800, -200
LETTERS = (*range(0x20, 0x250), *range(0x370, 0x530), *range(0x2000, 0x2600))
"""What the panel says, in every language that it has, with its arrows and marks."""


def _glyph() -> bytes:
    """Draw a filled box, which is what each letter looks like."""
    left, right, low, high = 50, WIDE - 50, 0, 700
    across = struct.pack(">4h", left, right - left, 0, left - right)
    along = struct.pack(">4h", low, 0, high - low, 0)
    points = bytes([1] * 4)
    return struct.pack(">5h2H", 1, left, low, right, high, 3, 0) + points + across + along + b"\0\0"


def _cmap() -> bytes:
    """Map each letter to the one glyph."""
    runs = list[tuple[int, int]]()
    for letter in LETTERS:
        if runs and runs[-1][1] == letter - 1:
            runs[-1] = runs[-1][0], letter
        else:
            runs.append((letter, letter))
    lengths = [last - first + 1 for first, last in runs]
    before = [0, *accumulate(lengths)][:-1]
    count = len(runs) + 1
    ends = [last for _, last in runs] + [0xFFFF]
    starts = [first for first, _ in runs] + [0xFFFF]
    # From the place of each offset to the first glyph of its run, in bytes.
    offsets = [2 * (count - place + at) for place, at in enumerate(before)] + [0]
    glyphs = [1] * sum(lengths)
    search = 2 * 2 ** (count.bit_length() - 1)
    body = struct.pack(
        f">4H{count}HH{count}H{count}H{count}H{len(glyphs)}H",
        *(2 * count, search, (search // 2).bit_length() - 1, 2 * count - search),
        *(*ends, 0, *starts, *[0] * (count - 1), 1, *offsets, *glyphs),
    )
    return struct.pack(">2H2HI3H", 0, 1, 3, 1, 12, 4, len(body) + 6, 0) + body


def _name() -> bytes:
    text = "Plain".encode("utf-16-be")
    rows = [struct.pack(">6H", 3, 1, 0x409, number, len(text), 0) for number in (1, 2, 4, 6)]
    return struct.pack(">3H", 0, len(rows), 6 + 12 * len(rows)) + b"".join(rows) + text


def _os2() -> bytes:
    return (
        struct.pack(">HhHHH", 4, WIDE, 400, 5, 0)
        + struct.pack(">11h", 650, 600, 0, 75, 650, 600, 0, 350, 50, 300, 0)
        + bytes(10)
        + struct.pack(">4I", 3, 0, 0, 0)
        + b"    "
        + struct.pack(">3H", 0x40, 0x20, 0x25FF)
        + struct.pack(">3h2H", UP, DOWN, 0, UP, -DOWN)
        + struct.pack(">2I2h3H", 1, 0, 500, 700, 0, 0x20, 1)
    )


def plain_font() -> bytes:
    """Make the font, as TrueType."""
    glyph = _glyph()
    glyph += bytes(-len(glyph) % 4)
    tables = {
        b"OS/2": _os2(),
        b"cmap": _cmap(),
        b"glyf": glyph,
        b"head": struct.pack(
            ">4I2H2Q4h2H3h",
            *(0x10000, 0x10000, 0, 0x5F0F3CF5, 3, EM, 0, 0, 0, DOWN, WIDE, UP, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(">I3hH11hH", 0x10000, UP, DOWN, 0, WIDE, 0, 0, WIDE, 1, *[0] * 7, 2),
        b"hmtx": struct.pack(">HhHh", WIDE, 0, WIDE, 50),
        b"loca": struct.pack(">3H", 0, 0, len(glyph) // 2),
        b"maxp": struct.pack(">I14H", 0x10000, 2, 4, 1, 0, 0, 2, *[0] * 8),
        b"name": _name(),
        b"post": struct.pack(">2I2h5I", 0x30000, 0, -100, 50, 1, 0, 0, 0, 0),
    }
    search = 16 * 2 ** (len(tables).bit_length() - 1)
    steps = (search // 16).bit_length() - 1
    head = struct.pack(">I4H", 0x10000, len(tables), search, steps, 16 * len(tables) - search)
    place, rows, bodies = 12 + 16 * len(tables), b"", b""
    for name, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checked = sum(struct.unpack(f">{len(padded) // 4}I", padded)) % 2**32
        rows += name + struct.pack(">3I", checked, place + len(bodies), len(table))
        bodies += padded
    return head + rows + bodies
