"""The panel in a notebook cell, and two smaller widgets of its kind."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lms_jupyter.widgets.panel import Panel
    from lms_jupyter.widgets.picker import ModelPicker
    from lms_jupyter.widgets.status import StatusLine

__all__ = ["ModelPicker", "Panel", "StatusLine"]

STATIC = Path(__file__).parent / "static"
"""Where the scripts and styles lie. The Jupyter Server reads them too, and needs no widgets."""

_HOMES = {
    "ModelPicker": "lms_jupyter.widgets.picker",
    "Panel": "lms_jupyter.widgets.panel",
    "StatusLine": "lms_jupyter.widgets.status",
}


def __getattr__(name: str) -> Any:
    """Import a widget with its first use: anywidget is slow to import."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
