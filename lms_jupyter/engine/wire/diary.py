"""The memory diary as `readDiary` and `sumDiary` write it: beyond LM Studio."""

from __future__ import annotations

from typing import Any

import msgspec

from lms_jupyter.diary.entries import Pages


def pages_packet(pages: Pages) -> dict[str, Any]:
    """Write entries of the diary; times are in Unix seconds."""
    return {
        name: [entry_packet(entry) for entry in getattr(pages, name)]
        for name in Pages.__struct_fields__
    }


def entry_packet(entry: msgspec.Struct) -> dict[str, Any]:
    """Write one entry, or one sum."""
    return {_camel(name): getattr(entry, name) for name in entry.__struct_fields__}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
