"""`%lms`: the models in memory from a notebook's cells."""

from typing import Any

from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager.local import close_local_manager, local_manager

NAME = "lms"

_loaded: dict[int, tuple[LmsMagics, Any]] = {}


def load(shell: Any) -> None:
    """Register `%lms`, let the SDK's convenience calls use our host, and begin to look for it.

    Nothing is waited for: the host is found in the background while the first cells are typed.
    """
    if id(shell) in _loaded:
        return
    magics = LmsMagics(shell)
    found = shell.magics_manager.magics["line"].get(NAME)
    shell.register_magics(magics)
    magics.default_client.install()
    _loaded[id(shell)] = (magics, found)
    local_manager(parent=shell)


def unload(shell: Any) -> None:
    """Put back what `load` found, and end the manager of this process."""
    if id(shell) not in _loaded:
        return
    magics, found = _loaded.pop(id(shell))
    line_magics = shell.magics_manager.magics["line"]
    if found is None:
        line_magics.pop(NAME, None)
    else:
        line_magics[NAME] = found
    magics.close()
    close_local_manager()
