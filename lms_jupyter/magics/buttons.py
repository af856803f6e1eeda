"""Buttons for a name that could mean several models: one click runs the right line."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

MOST = 12


def offer(keys: Sequence[str], line: str, shell: InteractiveShell) -> None:
    """Show a button for each key; it runs `%lms` with the line, the key in place of `{}`."""
    output = ipywidgets.Output()

    def button(key: str) -> Any:
        one = ipywidgets.Button(
            description=key,
            tooltip=f"%lms {line.replace('{}', key)}",
            layout=ipywidgets.Layout(width="auto"),
        )

        def click(_button: object) -> None:
            with output:
                output.clear_output()
                shell.run_line_magic("lms", line.replace("{}", key))

        one.on_click(click)
        return one

    box = ipywidgets.HBox(
        [button(key) for key in keys[:MOST]], layout=ipywidgets.Layout(flex_flow="row wrap")
    )
    display(ipywidgets.VBox([box, output]))  # type: ignore[no-untyped-call]
