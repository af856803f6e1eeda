"""A window that moves over a file from front to back, for formats with lengths in them."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

U32: Final = struct.Struct("<I")
U64: Final = struct.Struct("<Q")

_CHUNK: Final = 2**16
_BIG_CHUNK: Final = 2**20
_LEAP_BYTES: Final = 64  # how long strings are on average at most, where a leap is worth trying


class EndOfFileError(Exception):
    """The file ends before what its lengths promise."""


class Cursor:
    """Reads numbers and bytes of a file in order, and never more than the file has."""

    def __init__(self, file: BinaryIO, file_bytes: int) -> None:
        self._file = file
        self._file_bytes = file_bytes
        self._window = b""
        self._start = 0  # where the window begins in the file
        self._at = 0  # where we are in the window

    @property
    def position(self) -> int:
        """How many bytes of the file have been passed."""
        return self._start + self._at

    def number(self, form: struct.Struct) -> int:
        """Read one number."""
        number: int = form.unpack(self.take(form.size))[0]
        return number

    def take(self, count: int) -> bytes:
        """Read bytes.

        Raises:
            EndOfFileError: There are fewer; nothing was read or allocated.
        """
        if self._at + count > len(self._window):
            self._fill(count, _CHUNK)
        self._at += count
        return self._window[self._at - count : self._at]

    def skip(self, count: int) -> None:
        """Step over bytes; those beyond the window are not read."""
        inside = min(count, len(self._window) - self._at)
        self._at += inside
        if count > inside:
            self._start += self._at + count - inside
            self._window, self._at = b"", 0
            if self._start > self._file_bytes:
                raise EndOfFileError
            self._file.seek(self._start)

    def skip_strings(self, count: int) -> None:
        """Step over strings (a 64 bit length, then the bytes): for certain, and slowly."""
        length_at = U64.unpack_from
        left = count
        while left:
            window, at, passed = self._window, self._at, 0
            try:
                for passed in range(left):  # noqa: B007
                    (length,) = length_at(window, at)
                    at += length + 8
                passed = left
            except (struct.error, OverflowError):
                pass  # the next length lies beyond the window, and perhaps beyond the file
            left -= passed
            self.skip(at - self._at)
            if left:
                self._fill(U64.size, _BIG_CHUNK)

    def leap_strings(self, count: int, marker: bytes) -> bool:
        """Step over strings by looking for the string that follows them and begins with `marker`.

        Much faster than `skip_strings`, but a guess: one of the strings may begin like that too.

        Returns:
            Whether the marker was found; if not, we stand where we stood.
        """
        pattern = bytes(U64.size - 1) + marker
        here = self.position
        at = here + count * U64.size
        end = min(at + count * _LEAP_BYTES, self._file_bytes)
        self._file.seek(at)
        window = b""
        while at < end:
            part = self._file.read(_BIG_CHUNK)
            if not part:
                break
            window = window[-len(pattern) :] + part
            at += len(part)
            found = window.find(pattern, 1)
            if found > 0:
                self._window, self._start, self._at = window, at - len(window), found - 1
                return True
        self._window, self._start, self._at = b"", here, 0
        self._file.seek(here)
        return False

    def _fill(self, count: int, chunk: int) -> None:
        """Move the window so that it begins here and holds at least `count` bytes."""
        rest = self._window[self._at :]
        if self.position + count > self._file_bytes:
            raise EndOfFileError
        self._start += self._at
        self._at = 0
        parts, have = [rest], len(rest)
        while have < count:
            part = self._file.read(max(count - have, chunk))
            if not part:  # it was cut off while we read
                raise EndOfFileError
            parts.append(part)
            have += len(part)
        self._window = b"".join(parts)
