"""The panel as a widget."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from traitlets import Dict, Unicode

from lms_jupyter.api.events import ModelEvent, What, listen
from lms_jupyter.manager import Manager
from lms_jupyter.manager.identity import machine_mark
from lms_jupyter.protocol.models import Instance
from lms_jupyter.protocol.slices import Slice
from lms_jupyter.widgets import STATIC
from lms_jupyter.widgets.synced_widget import SyncedWidget

OnInstance = Callable[[Instance], object]


class Panel(SyncedWidget):
    """The model panel in a cell: what is in memory, and the hands to change it.

    It is an ordinary widget: it fits in a box, and `observe` and `link` work.

    Args:
        manager: Whose models; by default this kernel's.
        **kwargs: Traits of every widget, such as `layout`.
    """

    _esm = STATIC / "panel.js"
    _css = STATIC / "panel.css"

    slices: ClassVar[tuple[str, ...]] = ("catalog", "activity")
    chosen: ClassVar[tuple[str, ...]] = ("selected", "selected_device")
    parts: ClassVar[Mapping[str, Path]] = {
        "live": STATIC / "live.js",
        "details": STATIC / "details.js",
    }

    catalog = Dict(read_only=True).tag(sync=True)
    selected = Unicode(
        None, allow_none=True, help="The identifier of the instance that was chosen, if one was."
    ).tag(sync=True)
    selected_device = Unicode(
        None,
        allow_none=True,
        help="The device of the LM Link, or of the fleet, that it is on; `None` for the host's.",
    ).tag(sync=True)

    station = Dict(
        read_only=True, help="Which kernel this is, for a Jupyter Server that stands in for it."
    ).tag(sync=True)

    def __init__(self, manager: Manager | None = None, **kwargs: Any) -> None:
        self._ends: list[Callable[[], None]] = []
        super().__init__(manager, **kwargs)
        if (identity := self._manager.identity) is not None:
            station = {"kernel": identity.kernel_id, "machine": machine_mark()}
            self.set_trait("station", station)

    @property
    def selected_instance(self) -> Instance | None:
        """The instance that was chosen, if one was: two devices may have one of the same name."""
        named = [i for i in self._manager.activity.instances if i.identifier == self.selected]
        there = [i for i in named if i.device == self.selected_device]
        return next(iter(there or named), None)

    def on_loaded(self, callback: OnInstance) -> Callable[[], None]:
        """Call a function with every instance that is loaded from now on, by whomever.

        It is called on the manager's thread and should return soon; what it raises becomes a
        warning. Closing the panel ends it, and so does the function that is returned.
        """
        return self._on("loaded", callback)

    def on_unloaded(self, callback: OnInstance) -> Callable[[], None]:
        """Do the same for every instance that goes, for whatever reason."""
        return self._on("unloaded", callback)

    def close(self) -> None:
        """Forget the callbacks, then close as every synced widget."""
        for end in self._ends:
            end()
        self._ends.clear()
        super().close()

    def _on(self, what: What, callback: OnInstance) -> Callable[[], None]:
        def call_back(event: ModelEvent) -> None:
            if event.instance is not None:
                callback(event.instance)

        end = listen(self._manager, what, call_back)
        self._ends.append(end)
        return end

    def _mirror(self, name: str, value: Slice) -> None:
        super()._mirror(name, value)
        if name == "activity":
            self._forget_what_is_gone()

    def _forget_what_is_gone(self) -> None:
        """Choose nothing once the instance is gone that was chosen."""
        devices = {
            instance["device"]
            for instance in self.activity["instances"]
            if instance["identifier"] == self.selected
        }
        is_elsewhere = self.selected_device is not None and self.selected_device not in devices
        if self.selected is not None and (not devices or is_elsewhere):
            with self.hold_trait_notifications(), self.hold_sync():
                self.selected = self.selected_device = None
