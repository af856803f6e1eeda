"""The formats of texts and numbers in JSON schemas, as what can be enforced. Pure data.

A pattern may allow less than its format does (no 29 February, no quoted names in addresses), never
more: whatever is written is valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_HEX: Final = "[0-9a-f]"
_LABEL: Final = "[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
_HOST: Final = rf"{_LABEL}(\.{_LABEL}){{0,5}}"
_ATOM: Final = "[A-Za-z0-9_+-]{1,20}"
_EMAIL: Final = rf"^{_ATOM}(\.{_ATOM}){{0,2}}@({_LABEL}\.){{1,4}}[A-Za-z]{{2,12}}$"
_DATE: Final = (
    "([1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])))"
)
_HOUR: Final = "([01][0-9]|2[0-3])"
_TIME: Final = rf"{_HOUR}:[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-]{_HOUR}:[0-5][0-9])"
_SECONDS: Final = "([0-9]{1,2}M([0-9]{1,2}S)?|[0-9]{1,6}S)"
_SPAN: Final = f"T([0-9]{{1,4}}H{_SECONDS}?|{_SECONDS})"
_DURATION: Final = f"^P([0-9]{{1,4}}W|[0-9]{{1,5}}D({_SPAN})?|{_SPAN})$"
_PATH_LETTER: Final = r"[A-Za-z0-9._~-]"
_TAIL: Final = (
    rf"(/{_PATH_LETTER}{{0,60}}){{0,12}}(\?[A-Za-z0-9=&._~-]{{0,120}})?(#{_PATH_LETTER}{{0,60}})?"
)
_URI: Final = rf"^([a-z][a-z0-9+.-]{{1,15}}://{_HOST}(:[1-9][0-9]{{0,3}})?{_TAIL}|(mailto|urn|tel|data):[A-Za-z0-9._~@:+-]{{1,120}})$"
_POINTER: Final = "(/([^~/]|~[01])*)*"
_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_GROUP: Final = "[0-9a-f]{1,4}"
_SHORT_IPV6: Final = f"({_GROUP}(:{_GROUP}){{0,3}})?::({_GROUP}(:{_GROUP}){{0,2}})?"


def _uuid(version: str) -> str:
    return rf"^{_HEX}{{8}}-{_HEX}{{4}}-{version}{_HEX}{{3}}-[89ab]{_HEX}{{3}}-{_HEX}{{12}}$"


PATTERNS: Final[Mapping[str, str]] = {
    "date": f"^{_DATE}$",
    "time": f"^{_TIME}$",
    "date-time": f"^{_DATE}T{_TIME}$",
    "duration": _DURATION,
    "email": _EMAIL,
    "idn-email": _EMAIL,
    "hostname": f"^{_HOST}$",
    "idn-hostname": f"^{_HOST}$",
    "ipv4": rf"^{_OCTET}(\.{_OCTET}){{3}}$",
    "ipv6": f"^({_GROUP}(:{_GROUP}){{7}}|{_SHORT_IPV6})$",
    "uri": _URI,
    "iri": _URI,
    "uri-reference": f"^{_TAIL}$",
    "iri-reference": f"^{_TAIL}$",
    "uri-template": _URI,
    "json-pointer": f"^{_POINTER}$",
    "relative-json-pointer": f"^(0|[1-9][0-9]{{0,8}})(#|{_POINTER})$",
    "uuid": _uuid("[1-5]"),
    **{f"uuid{version}": _uuid(str(version)) for version in range(1, 9)},
}
"""What can be written as a pattern."""

PLAIN: Final = ("binary", "password", "path", "string")
"""What any text is."""

RANGES: Final[Mapping[str, tuple[int, int]]] = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32)},
    "int64": (-(10**18), 10**18),
    "uint64": (0, 10**18),
    "uint": (0, 2**32 - 1),
}
"""The least and the greatest of whole numbers; those of 64 bits as far as doubles tell them."""

NUMBERS: Final = ("float", "double", "decimal", "number")
"""What any number is."""
