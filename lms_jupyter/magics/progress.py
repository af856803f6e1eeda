"""The progress bar of a load, in a notebook or a terminal."""

from types import TracebackType
from typing import Any, Self

from lms_jupyter.manager import Manager
from lms_jupyter.printable import printable_line
from lms_jupyter.protocol.models import Load

PER_CENT = 100
DELAY_S = 0.5
"""Before a bar is shown: one that comes and goes at once may stay on a page as a dead picture."""


class LoadBar:
    """Follows the load that begins while it is there; gone when it is over."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._before = {load.load_id for load in manager.activity.loads}
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            take_away(self._bar)

    def glance(self) -> None:
        """Move the bar to where the load is now; a model that is there already shows none."""
        load = self._load()
        if load is None:
            return
        if self._bar is None:
            from tqdm.auto import tqdm  # noqa: PLC0415 - brings ipywidgets in a notebook

            self._bar = tqdm(
                total=PER_CENT,
                desc=f"Loading {printable_line(load.model_key)}",
                bar_format="{desc} {percentage:3.0f}% {bar} {elapsed}",
                leave=False,
                delay=DELAY_S,
            )
        self._bar.update(round(load.fraction * PER_CENT) - self._bar.n)

    def _load(self) -> Load | None:
        """Return the load of ours that has begun since, or the one that is waited for, if any."""
        activity = self._manager.activity
        others = self._before - self._manager.waited_for
        for load in activity.loads:
            if load.load_id.startswith(activity.epoch) and load.load_id not in others:
                return load
        return None


def take_away(bar: Any) -> None:
    """Close a bar wherever it stands; in a notebook an unfinished one would stay, in red."""
    bar.total = bar.n
    bar.close()
