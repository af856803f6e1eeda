"""Buttons for a name that could mean several models: one click runs the right line."""

import shlex
from collections.abc import Callable
from typing import Any

import ipywidgets
from IPython.display import display

from lms_jupyter.errors import AmbiguousModelError
from lms_jupyter.magics.grammar import split

MOST = 12
Run = Callable[[str], object]


def offer(error: AmbiguousModelError, line: str, run: Run) -> None:
    """Show a button for each model that could be meant; it runs the line with its key.

    Args:
        error: Which name, and what it could mean.
        line: What was written behind `%lms`.
        run: Runs such a line.
    """
    output = ipywidgets.Output()

    def button(key: str) -> Any:
        clear = named(line, error.name, key)
        widget = ipywidgets.Button(
            description=key, tooltip=f"%lms {clear}", layout=ipywidgets.Layout(width="auto")
        )

        def click(_button: object) -> None:
            with output:
                output.clear_output()
                run(clear)

        widget.on_click(click)
        return widget

    box = ipywidgets.HBox(
        [button(key) for key in error.candidates[:MOST]],
        layout=ipywidgets.Layout(flex_flow="row wrap"),
    )
    display(ipywidgets.VBox([box, output]))  # type: ignore[no-untyped-call]


def named(line: str, name: str, key: str) -> str:
    """Return a line with a key instead of a name that was not clear.

    >>> named("load tutor --as tutor", "tutor", "tutor-1m")
    'load tutor-1m --as tutor'
    >>> named("get small@q8_0", "small", "acme/small")
    'get acme/small@q8_0'
    """
    words = split(line)
    for index, word in enumerate(words):
        before, at, quantization = word.partition("@")
        if name in {word, before}:
            words[index] = key if word == name else f"{key}{at}{quantization}"
            break
    return shlex.join(words)
