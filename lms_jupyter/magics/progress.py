"""The progress bar of a load, in a notebook or a terminal."""

from types import TracebackType
from typing import Any, Self

from lms_jupyter.manager import Manager
from lms_jupyter.protocol.models import Load

PER_CENT = 100
QUICK_S = 0.3
"""A load that takes no longer shows no bar: it would only flicker."""


class LoadBar:
    """Follows the loads of one model through the manager's activity; gone when it is over."""

    def __init__(self, model_key: str, manager: Manager) -> None:
        self._model_key = model_key
        self._manager = manager
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
            # A bar that stops short of its end stays, in red; what went wrong is said elsewhere.
            self._bar.total = self._bar.n
            self._bar.close()

    def glance(self) -> None:
        """Move the bar to where the load is now; a model that is there already shows none."""
        load = self._load()
        if load is None:
            return
        if self._bar is None:
            from tqdm.auto import tqdm  # noqa: PLC0415 - brings ipywidgets in a notebook

            self._bar = tqdm(
                total=PER_CENT,
                desc=f"Loading {self._model_key}",
                bar_format="{desc} {percentage:3.0f}% {bar} {elapsed}",
                leave=False,
                delay=QUICK_S,
            )
        self._bar.update(round(load.fraction * PER_CENT) - self._bar.n)

    def _load(self) -> Load | None:
        """Return our own load of this model, if one is under way."""
        activity = self._manager.activity
        for load in activity.loads:
            if load.load_id.startswith(activity.epoch) and load.model_key == self._model_key:
                return load
        return None
