"""What our widgets have in common: a manager's slices out, commands in."""

import asyncio
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import msgspec
from IPython.core.getipython import get_ipython
from traitlets import Bool, Dict, default

from lms_jupyter.api.session import session
from lms_jupyter.manager import Manager
from lms_jupyter.manager.inbox import accept
from lms_jupyter.protocol.slices import Activity, Slice
from lms_jupyter.widgets.live import answers_in_a_cell, make_live
from lms_jupyter.widgets.pulling import Outbox, is_unheard
from lms_jupyter.widgets.snapshot import snapshot_html, snapshot_text
from lms_jupyter.widgets.still_picture import StillPicture

CHOOSE_THEMSELVES = ("VSCODE_PID", "POSITRON")
"""Set in kernels that VS Code, or Positron, has started."""
VIEW = "application/vnd.jupyter.widget-view+json"


def here() -> Manager:
    """Return this kernel's own manager, with a host.

    Raises:
        HostUnreachableError: The host that was configured does not answer.
        EngineMissingError: There is no LM Studio and the embedded engine is not installed.
    """
    local = session().local
    local.connect()
    return local.manager


class SyncedWidget(anywidget.AnyWidget):
    """A mirror of a manager and a letter-box to it.

    The traits are set on the manager's thread, so a mirror moves while a cell runs. They hold
    nothing that may not be saved with the notebook.
    """

    slices: ClassVar[tuple[str, ...]] = ("activity",)
    """What is shown."""
    parts: ClassVar[Mapping[str, Path]] = {}
    """Scripts that do not travel with the state, by the names that a page asks for them by.

    A page is not live without the first; each of the others comes with its first use.
    """

    chosen: ClassVar[tuple[str, ...]] = ()
    """Traits besides that follow what is in memory."""

    activity = Dict(read_only=True).tag(sync=True)
    pulls = Bool(
        read_only=True,
        help="Whether the page has to ask for what is new: it hears no other thread of the kernel.",
    ).tag(sync=True)

    def __init__(self, manager: Manager | None = None, **kwargs: Any) -> None:
        self._still = StillPicture()
        # Said as the widget is made: a page that is told later may not listen yet.
        classes = (*kwargs.pop("_dom_classes", ()), self._still.live_class)
        super().__init__(_dom_classes=classes, **kwargs)
        self._outbox = Outbox()
        self._manager = manager or here()
        self._mirroring = threading.Lock()
        self._listening = True
        self._manager.observe(self._on_slice, names=self.slices)
        for name in self.slices:
            self._mirror(name, getattr(self._manager, name))
        self.on_msg(self._on_message)
        make_live(self)
        parts = list(self.parts)
        for part in parts[:1] if answers_in_a_cell(self.comm) else parts:
            # Unasked: a kernel that is busy from now on could not answer for a long time.
            self._give(part)

    @default("pulls")
    def _pulls(self) -> bool:
        return is_unheard()

    def close(self) -> None:
        """Stop listening to the manager, then close the widget. Closing twice does no harm."""
        if self._listening:
            self._listening = False
            self._manager.unobserve(self._on_slice, names=self.slices)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add a static table for places that show no widgets, or none from this notebook."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data |= _picture(self._manager.activity)
        return bundle

    def _ipython_display_(self, **_kwargs: Any) -> None:
        """Show the widget, and a picture of it for whoever opens the notebook without it."""
        bundle = super()._repr_mimebundle_()
        view = bundle[0] if isinstance(bundle, tuple) else bundle
        activity = self._manager.activity
        if view is None:
            return
        chooses = not os.environ.keys().isdisjoint(CHOOSE_THEMSELVES)
        if chooses or VIEW not in view or not _can_update():
            # It chooses among the types of one output by what it can show, and knows no style here.
            self._still.show_alone({**view, **_picture(activity)})
            return
        # An output of a type alone that nobody knows is a warning where pages are exported.
        alone = {VIEW: view[VIEW], "text/plain": ""}
        self._still.show(_picture(activity), _seen(activity), alone)

    def _on_slice(self, change: Any) -> None:
        self._mirror(change.name, change.new)

    def _mirror(self, name: str, value: Slice) -> None:
        """Show a slice, unless a newer one came in between on the manager's thread."""
        with self._mirroring:
            shown = getattr(self, name)
            if shown and shown["epoch"] == value.epoch and shown["revision"] > value.revision:
                return
            self.set_trait(name, msgspec.to_builtins(value))
        if isinstance(value, Activity):
            self._still.update(_picture(value), _seen(value))

    def _on_message(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        """Hand a click over to the manager's loop: this may run in the middle of a cell."""
        if self.pulls:
            self._catch_up()
        if "pull" in content:
            self.send({"pulled": content["pull"]})
            return
        if "part" in content:
            self._give(content["part"])
            return
        loop = self._manager.loop
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._answer(content), loop)

    def _give(self, part: str) -> None:
        """Send a part of the script to every page that has this widget."""
        if part in self.parts:
            self.send({"part": part, "script": self.parts[part].read_text(encoding="utf-8")})

    async def _answer(self, content: dict[str, Any]) -> None:
        reply = await accept(content, self._manager)
        answer = {"rid": content.get("rid"), "reply": msgspec.to_builtins(reply)}
        if self.pulls:
            self._outbox.put(answer)
        else:
            self.send(answer)

    def _catch_up(self) -> None:
        """Say again, while a message of the page is handled, what the manager's thread has said."""
        new = [name for name in self.slices if self._outbox.is_new(name, getattr(self, name))]
        if new:
            self.send_state([*new, *self.chosen])
        for answer in self._outbox.take():
            self.send(answer)


def _can_update() -> bool:
    """Whether an output can be changed once it is shown: a plain terminal would show it again."""
    shell = get_ipython()
    return shell is None or getattr(shell, "kernel", None) is not None


def _picture(activity: Activity) -> dict[str, str]:
    return {"text/plain": snapshot_text(activity), "text/html": snapshot_html(activity)}


def _seen(activity: Activity) -> object:
    """Return what a picture shows besides its time."""
    rows = [(i.identifier, i.model_key, i.context_length, i.ttl_s) for i in activity.instances]
    return activity.host.name, rows
