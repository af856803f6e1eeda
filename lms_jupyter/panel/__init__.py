"""The panel in a notebook cell."""

from lms_jupyter.panel.widget import Panel

__all__ = ["Panel"]
