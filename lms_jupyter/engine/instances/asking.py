"""Who asks for what the engine is doing now, for the diary."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

asking: Final[ContextVar[str]] = ContextVar("asking", default="")
"""A notebook's path, or a program's name; set for each connection, and kept by its tasks."""
