"""The engine's version: the one of the package that it came in."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed() -> str:
    try:
        return version("lms-jupyter")
    except PackageNotFoundError:
        return "0.0.0"


VERSION: Final = _installed()
EXTENSIONS: Final = ("activity", "ttl", "pin", "cancelLoad")
"""What this engine can do beyond LM Studio, by name."""
