"""The panel in a notebook cell."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lms_jupyter.panel.widget import Panel

__all__ = ["Panel"]


def __getattr__(name: str) -> Any:
    """Import the widget with its first use: anywidget is slow to import."""
    if name == "Panel":
        from lms_jupyter.panel.widget import Panel

        return Panel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
