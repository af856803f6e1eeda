"""What a verb works with: the session, the notebook's namespace, and the output of its cell."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.session import Session
from lms_jupyter.api.tables import Table
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.prediction import Message
from lms_jupyter.magics.progress import LoadBar
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.printable import printable

Row = TypeVar("Row")


class MagicContext:
    """One for each IPython."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        self.shell = shell
        self.session = session
        self.chats: dict[str, list[Message]] = {}
        self._announced_host = ""

    @property
    def manager(self) -> Manager:
        """The manager that the verbs work on."""
        return self.session.local.manager

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's namespace."""
        names: dict[str, Any] = self.shell.user_ns
        return names

    @property
    def can_update(self) -> bool:
        """Whether an output can be changed once it is shown: not in a plain terminal."""
        return getattr(self.shell, "kernel", None) is not None

    def connect(self) -> None:
        """Find the host, and say once which one it is and why."""
        self.session.local.connect()
        host = self.manager.activity.host
        if host.address != self._announced_host:
            self._announced_host = host.address
            self.say(f"Using {host.title} at {host.place} ({self.manager.why}).")

    def note_host(self) -> None:
        """Note that the user has just seen which host it is."""
        self._announced_host = self.manager.activity.host.address

    def command(self, command: object) -> Any:
        """Carry out a command and wait for it."""
        self.connect()
        return self.session.run(self._command(command))

    def load(self, asked: NotebookRequest) -> LoadResult:
        """Load, ensure or use, with a bar."""
        self.connect()
        with LoadBar(self.manager) as bar:
            return self.session.local.finish(self.session.load(asked), bar.glance)

    def say(self, line: str) -> None:
        """Write a line below the cell."""
        print(printable(line))  # noqa: T201 - a magic talks to the cell that it stands in

    def ask(self, question: str, *, hint: str) -> str:
        """Ask the user for a line.

        Args:
            question: What stands in front of the place to write.
            hint: What helps where nobody can be asked.

        Raises:
            CommandError: Nobody can be asked here.
        """
        try:
            return input(printable(question))
        except (EOFError, NotImplementedError) as error:
            raise CommandError("Nobody can be asked here.", hint=hint) from error

    def show(self, bundle: Mapping[str, str]) -> None:
        """Show something in the forms that a front end may choose from."""
        display(dict(bundle), raw=True)  # type: ignore[no-untyped-call]

    def bind(self, name: str | None, value: Any) -> None:
        """Keep a value in the notebook."""
        if name is not None:
            self.names[name] = value

    def shown(self, table: Table[Row]) -> "ShownTable[Row]":
        """Show a table now; as the last value of this cell it then keeps quiet."""
        self.show(table.bundle())
        return self.remembered(table)

    def remembered(self, table: Table[Row]) -> "ShownTable[Row]":
        """Return the table as one that this cell shows already."""
        shown = ShownTable(table, table.describe)
        shown.shell, shown.shown_in = self.shell, self.shell.execution_count
        return shown

    async def _command(self, command: object) -> Any:
        return await run(command, self.manager)


class ShownTable(Table[Row], Generic[Row]):
    """A table that its cell has shown already."""

    shell: InteractiveShell
    shown_in: int

    def _ipython_display_(self) -> None:
        if self.shell.execution_count != self.shown_in:
            display(self.bundle(), raw=True)  # type: ignore[no-untyped-call]


class LiveDisplay:
    """A place in the output that can be changed: the answer while it comes."""

    def __init__(self, context: MagicContext) -> None:
        self._context = context
        self._handle: Any = None
        self._last: Mapping[str, str] = {}

    def put(self, bundle: Mapping[str, str]) -> None:
        """Show this instead of what was there."""
        if bundle == self._last:
            return
        self._last = dict(bundle)
        if self._handle is None:
            self._handle = display(self._last, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(self._last, raw=True)
