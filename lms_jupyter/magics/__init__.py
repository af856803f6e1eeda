"""`%lms`: the models in memory from a notebook's cells."""

import importlib
import os
import threading
from dataclasses import dataclass
from typing import Any

from lms_jupyter.magics.hooks import Hooks
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager.local import close_local_manager

NAME = "lms"
KINDS = ("line", "cell")
VS_CODE, NOTEBOOK = "__vsc_ipynb_file__", "JPY_SESSION_NAME"


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What `load` did to a shell, and what it found there."""

    magics: LmsMagics
    hooks: Hooks
    found: dict[str, Any]
    named_notebook: bool
    """Whether it was we who told this process the notebook's path."""


_loaded: dict[int, _Loaded] = {}


def load(shell: Any) -> None:
    """Register `%lms`, let the SDK's convenience calls use our host, and begin to look for it.

    Nothing is waited for: the host is found in the background while the first cells are typed, and
    a kernel imports what its first panel will need.
    """
    if id(shell) in _loaded:
        return
    # VS Code tells the notebook's path here; Jupyter tells it in the environment.
    names_notebook = VS_CODE in shell.user_ns and NOTEBOOK not in os.environ
    if names_notebook:
        os.environ[NOTEBOOK] = str(shell.user_ns[VS_CODE])
    magics = LmsMagics(shell)
    registered = shell.magics_manager.magics
    found = {kind: registered[kind].get(NAME) for kind in KINDS}
    shell.register_magics(magics)
    magics.default_client.install()
    hooks = Hooks(shell, magics.context.session)
    hooks.install()
    _loaded[id(shell)] = _Loaded(magics, hooks, found, names_notebook)
    # Begins to look for the host.
    _ = magics.local
    if hasattr(shell, "kernel"):
        # The first panel is there three times as fast; a terminal shows none.
        name = "lms_jupyter.widgets.panel"
        threading.Thread(target=importlib.import_module, args=(name,), daemon=True).start()


def unload(shell: Any) -> None:
    """Put back what `load` found, and end the manager of this process."""
    if id(shell) not in _loaded:
        return
    loaded = _loaded.pop(id(shell))
    for kind, found in loaded.found.items():
        registered = shell.magics_manager.magics[kind]
        if found is None:
            registered.pop(NAME, None)
        else:
            registered[NAME] = found
    loaded.hooks.remove()
    loaded.magics.close()
    close_local_manager()
    if loaded.named_notebook:
        os.environ.pop(NOTEBOOK, None)
