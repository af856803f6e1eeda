"""A list to choose a model from, for forms and `interact`."""

from typing import Any

from IPython.core.getipython import get_ipython
from ipywidgets import Dropdown

from lms_jupyter.manager import Manager
from lms_jupyter.protocol.models import Kind
from lms_jupyter.protocol.slices import Catalog
from lms_jupyter.widgets.pulling import is_unheard
from lms_jupyter.widgets.synced_widget import here


class ModelPicker(Dropdown):  # type: ignore[misc]  # ipywidgets has no types
    """Chooses among the models on the host's disk; `value` is a model key.

    The list follows the disk: what is chosen stays chosen for as long as it is there. `None` if
    nothing is there. Where pages hear no other thread of the kernel, as on Google Colab, the page
    has the list of the last cell that ran.

    Args:
        kind: Only models of this kind, "llm" or "embedding".
        manager: Whose models; by default this kernel's.
        **kwargs: Traits of every `Dropdown`, such as `description`.
    """

    options: tuple[str, ...]
    value: str | None

    def __init__(
        self, *, kind: Kind | None = None, manager: Manager | None = None, **kwargs: Any
    ) -> None:
        self._kind = kind
        self._manager = manager or here()
        kwargs.setdefault("description", "Model")
        super().__init__(options=self._keys(self._manager.catalog), **kwargs)
        self._manager.observe(self._on_catalog, "catalog")
        self._listening = True
        self._shell = get_ipython() if is_unheard() else None
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._say_again)

    def close(self) -> None:
        """Stop following the disk, then close the widget. Closing twice does no harm."""
        if getattr(self, "_listening", False):
            self._listening = False
            self._manager.unobserve(self._on_catalog, "catalog")
            if self._shell is not None:
                self._shell.events.unregister("post_run_cell", self._say_again)
        super().close()

    def _on_catalog(self, change: Any) -> None:
        keys = self._keys(change.new)
        if keys == self.options:
            return
        if self.value not in keys:
            self.options = keys
            return
        # While this is set, ipywidgets does not choose the first of the new options instead.
        self._initializing_traits_ = True
        try:
            self.options = keys
        finally:
            self._initializing_traits_ = False
        self.index = keys.index(self.value)

    def _say_again(self, *_result: object) -> None:
        """Tell the page while a cell is handled what it did not hear from the manager's thread."""
        self.send_state(["_options_labels", "index"])

    def _keys(self, catalog: Catalog) -> tuple[str, ...]:
        return tuple(
            model.model_key for model in catalog.models if self._kind in (None, model.kind)
        )
