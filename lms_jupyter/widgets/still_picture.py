"""The picture of a widget as an output of its own, which any viewer of a notebook shows.

An output of JupyterLab is shown in one of its types, and a widget's type is preferred to HTML, also
where the widget is gone: then all that is seen is that a model was not found. So the picture is an
output after the widget's. Its style hides it while the widget before it lives, and hides a widget
that does not live, in JupyterLab, Notebook and exported pages alike.

It is the last one because it is drawn anew: where several people share a notebook, JupyterLab takes
an output that another page has replaced away and adds it at the end.
"""

import threading
import uuid
from collections.abc import Mapping
from typing import Any, Final

from IPython.display import display, update_display

_STYLE = """<style>
:is({output}):has(.{live}) + :is({output}):has(.{still}),
.jp-OutputArea-child:not(:has(.{live})):has(> .lm-Panel):has(+ :is({output}) .{still})
{{ display: none }}
</style>"""
_OUTPUTS = ".jp-OutputArea-child, .output_area, .output_container"
_BESIDE: Final = {"lms_jupyter": {"picture": "below"}}
"""What our part of a page knows such a widget by."""


class StillPicture:
    """The picture of one widget, drawn anew when what it shows has changed."""

    def __init__(self) -> None:
        mark = uuid.uuid4().hex
        self.live_class = f"lms-Live-{mark}"
        """The class that the widget bears where it lives."""
        self._still_class = f"lms-Of-{mark}"
        self._display_id = f"lms-{mark}"
        self._drawing = threading.Lock()
        self._drawn: Mapping[str, str] | None = None
        self._of: object = None

    def show(self, data: Mapping[str, str], of: object, view: Mapping[str, Any]) -> None:
        """Put the picture and the widget into the output of the cell that runs.

        Args:
            data: The picture, by type.
            of: What is seen of it; the same thing is drawn once.
            view: The widget's own bundle.
        """
        display(view, raw=True, metadata=_BESIDE)  # type: ignore[no-untyped-call]
        with self._drawing:
            self._drawn, self._of = data, of
            page = self._styled(data)
            display(page, raw=True, display_id=self._display_id)  # type: ignore[no-untyped-call]

    def show_alone(self, bundle: Mapping[str, Any]) -> None:
        """Put widget and picture into one output, for what can choose between them."""
        display(bundle, raw=True)  # type: ignore[no-untyped-call]

    def update(self, data: Mapping[str, str], of: object) -> None:
        """Draw it anew, where it was shown and is another one now."""
        with self._drawing:
            if self._drawn is None or of == self._of:
                return
            self._drawn, self._of = data, of
            page = self._styled(data)
            update_display(page, raw=True, display_id=self._display_id)  # type: ignore[no-untyped-call]

    def _styled(self, data: Mapping[str, str]) -> dict[str, str]:
        style = _STYLE.format(output=_OUTPUTS, still=self._still_class, live=self.live_class)
        page = f'<div class="{self._still_class}">{data["text/html"]}</div>{style}'
        return {"text/plain": data["text/plain"], "text/html": page}
