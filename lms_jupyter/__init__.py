"""Local language models as a first-class thing in Jupyter.

`%load_ext lms_jupyter` brings the `%lms` magics, `lms_jupyter.panel()` the live panel. Importing
this package imports neither the `lmstudio` SDK nor llama.cpp nor anywidget: each comes with its
first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from lms_jupyter import aio, errors
    from lms_jupyter.api.calls import (
        drift,
        ensure,
        estimate,
        extend,
        free,
        llm,
        load,
        lock,
        ls,
        model,
        openai,
        paused,
        pin,
        ps,
        restore,
        unload,
    )
    from lms_jupyter.api.events import on
    from lms_jupyter.api.host_calls import (
        chat,
        delete,
        get,
        host,
        link,
        log,
        preset,
        runtime,
        serve,
        status,
        usage,
    )
    from lms_jupyter.api.session import get_manager
    from lms_jupyter.api.tutorial import tutorial_model
    from lms_jupyter.doctor.examine import examine
    from lms_jupyter.widgets import ModelPicker, Panel, StatusLine

__version__ = "0.1.0"

__all__ = [
    "ModelPicker",
    "StatusLine",
    "aio",
    "chat",
    "delete",
    "drift",
    "ensure",
    "errors",
    "estimate",
    "examine",
    "extend",
    "free",
    "get",
    "get_manager",
    "host",
    "link",
    "llm",
    "load",
    "lock",
    "log",
    "ls",
    "model",
    "on",
    "openai",
    "panel",
    "paused",
    "pin",
    "preset",
    "ps",
    "restore",
    "runtime",
    "serve",
    "status",
    "tutorial_model",
    "unload",
    "usage",
]

_HOST_CALLS = (
    "chat",
    "delete",
    "get",
    "host",
    "link",
    "log",
    "preset",
    "runtime",
    "serve",
    "status",
    "usage",
)
_HOMES = {
    **dict.fromkeys(__all__, "lms_jupyter.api.calls"),  # all but what follows
    **dict.fromkeys(_HOST_CALLS, "lms_jupyter.api.host_calls"),
    "examine": "lms_jupyter.doctor.examine",
    "get_manager": "lms_jupyter.api.session",
    "on": "lms_jupyter.api.events",
    "tutorial_model": "lms_jupyter.api.tutorial",
    **dict.fromkeys(("ModelPicker", "StatusLine"), "lms_jupyter.widgets"),
}
"""Where the functions of the package live; each is imported with its first use."""


def __getattr__(name: str) -> Any:
    """Import a function or a module with its first use."""
    if name in ("aio", "errors"):
        return importlib.import_module(f"lms_jupyter.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is offered, and nothing that is only imported."""
    return __all__


def panel() -> "Panel":
    """Return a live panel of the models in memory, for the last line of a cell.

    Raises:
        HostUnreachableError: The host that was configured does not answer.
        EngineMissingError: There is no LM Studio and the embedded engine is not installed.

    Example:
        >>> lms_jupyter.panel()
    """
    from lms_jupyter.widgets.panel import Panel

    return Panel()


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Add `%lms` to this IPython (what `%load_ext lms_jupyter` calls)."""
    from lms_jupyter import magics

    magics.load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Put back what `load_ipython_extension` found (what `%unload_ext lms_jupyter` calls)."""
    from lms_jupyter import magics

    magics.unload(shell)
