"""The `%lms` magic: parse, run, show, bind the SDK's handle."""

from collections.abc import Callable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from lms_jupyter.hosts.sdk_default import DefaultClient
from lms_jupyter.magics import render
from lms_jupyter.magics.duration import say_duration
from lms_jupyter.magics.parser import (
    ListInstances,
    ListModels,
    LoadLine,
    Request,
    ShowHelp,
    ShowPanel,
    ShowStatus,
    parse,
)
from lms_jupyter.magics.progress import LoadBar
from lms_jupyter.manager.commands import Outcome
from lms_jupyter.manager.local import LocalManager, local_manager
from lms_jupyter.protocol.commands import Refresh, UnloadInstance
from lms_jupyter.protocol.models import Instance, Model


@magics_class
class LmsMagics(Magics):
    """`%lms VERB …`, on this process's manager."""

    def __init__(self, shell: InteractiveShell, local: LocalManager | None = None) -> None:
        super().__init__(shell)
        self._shell = shell
        self._own = local
        self._handles: Any = None
        self._said_host = ""
        self.default_client = DefaultClient(self.address)
        self._verbs: dict[type, Callable[[Any], Any]] = {
            ListModels: self._ls,
            ListInstances: self._ps,
            LoadLine: self._load,
            UnloadInstance: self._unload,
            ShowStatus: self._status,
            ShowPanel: self._panel,
            ShowHelp: self._help,
        }

    @property
    def local(self) -> LocalManager:
        """The manager that the verbs work on; started with the first use."""
        return self._own or local_manager(parent=self._shell)

    @line_magic
    def lms(self, line: str) -> Any:
        """See and manage models in memory; `%lms help` lists the verbs."""
        request: Request = parse(line)
        return self._verbs[type(request)](request)

    def address(self) -> str:
        """Return the address of the host, finding one first.

        Raises:
            LmsError: There is none.
        """
        self.local.connect()
        return self.local.manager.activity.host.address

    def close(self) -> None:
        """Let go of the SDK's clients, and give the SDK its own default client back."""
        self.default_client.remove()
        if self._handles is not None:
            self._handles.close()

    def _ls(self, request: ListModels) -> list[Model] | None:
        self._refresh()
        manager = self.local.manager
        instances = manager.activity.instances
        models = [model for model in manager.catalog.models if model.kind in request.kinds]
        if request.as_json:
            print(render.models_json(models))  # noqa: T201 - JSON is asked for as text
            return None
        return _shown(render.Table(models, lambda rows: render.draw_models(rows, instances)))

    def _ps(self, request: ListInstances) -> list[Instance] | None:
        self._refresh()
        manager = self.local.manager
        if request.as_json:
            print(render.instances_json(manager.activity.instances))  # noqa: T201 - as above
            return None
        return _shown(
            render.Table(
                manager.activity.instances,
                lambda rows: render.draw_instances(rows, manager.host_now()),
            )
        )

    def _load(self, request: LoadLine) -> Any:
        self._connect()
        key = request.command.model_key
        with LoadBar(key, self.local.manager) as bar:
            submitted = self.local.submit(self.local.carry_out(request.command))
            outcome: Outcome = self.local.wait(submitted, bar.glance)
        handle = self._handle(outcome.instance)
        if request.name is not None:
            self._shell.user_ns[request.name] = handle
        _say(_told(outcome, request))
        return handle

    def _unload(self, request: UnloadInstance) -> None:
        self._connect()
        instance: Instance = self.local.run(request)
        _say(f"{instance.identifier} is unloaded.")

    def _status(self, _request: ShowStatus) -> None:
        self._refresh()
        manager = self.local.manager
        self._said_host = manager.activity.host.address
        drawing = render.draw_status(manager.activity, manager.why)
        bundle = {"text/plain": drawing.text(), "text/html": drawing.html()}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]

    def _panel(self, _request: ShowPanel) -> Any:
        from lms_jupyter import panel  # noqa: PLC0415 - brings anywidget, which is slow to import

        return panel()

    def _help(self, request: ShowHelp) -> None:
        print(request.text)  # noqa: T201 - help is plain text

    def _refresh(self) -> None:
        self._connect()
        self.local.run(Refresh())

    def _connect(self) -> None:
        """Find the host, and say once which one it is and why."""
        self.local.connect()
        manager = self.local.manager
        host = manager.activity.host
        if host.address != self._said_host:
            self._said_host = host.address
            named = f"{host.name} {host.version}" if host.version else host.name
            _say(f"Using {named} at {host.address} ({manager.why}).")

    def _handle(self, instance: Instance) -> Any:
        if self._handles is None:
            from lms_jupyter.hosts.handles import (  # noqa: PLC0415 - brings the SDK
                Handles,
            )

            self._handles = Handles()
        return self._handles.handle(self.local.manager.activity.host.address, instance)


def _shown(table: "render.Table[Any]") -> "render.Table[Any]":
    table.show()
    return table


def _say(line: str) -> None:
    print(line)  # noqa: T201 - a magic talks to the cell that it stands in


def _told(outcome: Outcome, request: LoadLine) -> str:
    """Say in one line what a load came to."""
    instance = outcome.instance
    how = {"loaded": "is loaded", "used": "was in memory already", "reloaded": "is reloaded"}
    leaves = (
        "stays until it is unloaded"
        if instance.ttl_s is None
        else f"leaves after {say_duration(instance.ttl_s)} of idleness"
    )
    line = (
        f"{instance.identifier} {how[outcome.how]}: {instance.context_length:,} tokens, {leaves}."
    )
    if request.name is not None:
        line += f" Its handle is {request.name}."
    return line
