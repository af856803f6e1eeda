"""Versions: the engine's own is the one of the package that it came in."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0.0.0"


VERSION: Final = _installed("lms-jupyter")
LLAMA_VERSION: Final = _installed("xllamacpp")
EXTENSIONS: Final = (
    *("activity", "ttl", "pin", "cancelLoad", "join", "departures", "pastLog"),
    "deleteModel",
    "diary",
    *("keep", "forget"),
    "copies",
)
"""What this engine can do beyond LM Studio, by name."""
