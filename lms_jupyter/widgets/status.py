"""The panel in one line."""

from lms_jupyter.widgets import STATIC
from lms_jupyter.widgets.synced_widget import SyncedWidget


class StatusLine(SyncedWidget):
    """One line: "2 models · 5.1 GB · next unload in 3:12".

    Args:
        manager: Whose models; by default this kernel's.
        **kwargs: Traits of every widget, such as `layout`.
    """

    _esm = STATIC / "status.js"
    _css = STATIC / "status.css"
