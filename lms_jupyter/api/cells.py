"""While a cell runs, what it uses does not give way: with `%load_ext`, and without it as well."""

import contextlib
import inspect
import threading
from collections.abc import Callable
from typing import Any

from lms_jupyter.callers import running_shell
from lms_jupyter.manager import holding
from lms_jupyter.manager.local import LocalManager, Submitted


class Cells:
    """Is told by IPython when cells begin and end; where there is no IPython, nobody holds."""

    def __init__(self, local: Callable[[], LocalManager]) -> None:
        self._local = local
        self._shell: Any = None
        self._lock = threading.Lock()
        self._runs = False
        self._holding: Submitted[None] | None = None

    def install(self, shell: Any) -> None:
        """Be told from now on; once is enough."""
        with self._lock:
            if self._shell is not None:
                return
            self._shell = shell
        shell.events.register("pre_run_cell", self.begin)
        shell.events.register("post_run_cell", self.end)

    def remove(self) -> None:
        """Be told no more."""
        with self._lock:
            shell, self._shell = self._shell, None
        if shell is None:
            return
        for event, listener in (("pre_run_cell", self.begin), ("post_run_cell", self.end)):
            with contextlib.suppress(ValueError):
                shell.events.unregister(event, listener)
        self.end()

    def used(self) -> None:
        """Note that code has used a model: a cell's, if IPython runs one."""
        if self._holding is not None or (shell := running_shell()) is None:
            return
        if self._shell is None:
            self.install(shell)
            self._runs = _is_in_cell()
        self._hold()

    def begin(self, *_about: Any) -> None:
        """Keep what this kernel uses from giving way, where anything does."""
        self._runs = True
        self._hold()

    def end(self, *_about: Any) -> None:
        """Let it give way again."""
        self._runs = False
        work, self._holding = self._holding, None
        if work is not None:
            self._local().stop(work)

    def _hold(self) -> None:
        local = self._local()
        is_needed = (
            self._runs and not local.is_here and holding.is_needed(local.manager.activity.host)
        )
        if is_needed and self._holding is None:
            self._holding = local.submit(holding.hold(local.manager))


def _is_in_cell() -> bool:
    """Whether a cell is among the callers: a widget's listener runs between cells as well."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "run_cell_async":
            return True
        frame = frame.f_back
    return False
