"""What a load asks of its device: `vram>20GB,label=lab`. Pure.

All parts have to be so. `vram` and `memory` are what is free; `device` is a name or an identifier;
`label=lab` wants a label of that name or value; every other name is that of a label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.fleet.placement import Place

MAX_LENGTH: Final = 1000
_PART: Final = re.compile(r"\s*([A-Za-z][\w./-]*)\s*(>=|<=|=|>|<)\s*([^<>=,]+?)\s*")
_SIZE: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_SIZES: Final = ("vram", "memory")
_POWER: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True, slots=True)
class Where:
    """Which devices may be taken; without parts all."""

    text: str = ""
    parts: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> Where:
        """Read what a client says.

        Raises:
            BadRequestError: It makes no sense.
        """
        if len(text) > MAX_LENGTH:
            raise BadRequestError(f"A place is said in {MAX_LENGTH} characters, not {len(text)}.")
        parts = []
        for part in text.split(","):
            found = _PART.fullmatch(part)
            if found is None:
                raise BadRequestError(
                    f"{part.strip()!r} says nothing of a device.",
                    hint="For example: vram>20GB,label=lab",
                )
            name, sign, value = found.groups()
            if name in _SIZES:
                _bytes(value)
            elif sign != "=":
                raise BadRequestError(
                    f"{part.strip()!r}: only {' and '.join(_SIZES)} can be more or less.",
                    hint=f"Write {name}={value}.",
                )
            parts.append((name, sign, value))
        return cls(text, tuple(parts))

    def fits(self, place: Place) -> bool:
        """Whether a device is such a one."""
        return all(_is_so(place, *part) for part in self.parts)


ANYWHERE: Final = Where()


def _is_so(place: Place, name: str, sign: str, value: str) -> bool:
    match name:
        case "vram":
            return _compare(place.free_vram_bytes, sign, _bytes(value))
        case "memory":
            return _compare(place.free_bytes, sign, _bytes(value))
        case "device":
            return value in {place.device, place.name}
        case "label":
            return _has(place.labels, value)
        case _:
            return place.labels.get(name) == value


def _has(labels: Mapping[str, str], value: str) -> bool:
    return value in labels or value in labels.values()


def _compare(has: int, sign: str, wanted: int) -> bool:
    match sign:
        case ">":
            return has > wanted
        case ">=":
            return has >= wanted
        case "<":
            return has < wanted
        case "<=":
            return has <= wanted
        case _:
            return has == wanted


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise BadRequestError(f"{text!r} is no size.", hint="Write it as 20GB or 512MiB.")
    number, unit, binary = found.groups()
    scale: int = (1024 if binary else 1000) ** _POWER[unit.upper()]
    return round(float(number) * scale)
