"""The Jupyter Server extension behind the sidebar."""

from typing import Any

from lms_jupyter.server.extension import LmsExtension

__all__ = ["LmsExtension"]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server what to load."""
    return [{"module": "lms_jupyter.server", "app": LmsExtension}]
