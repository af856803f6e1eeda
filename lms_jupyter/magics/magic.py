"""The `%lms` and `%%lms` magics: parse, then perform."""

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from msgspec.structs import replace

from lms_jupyter.api.session import Session, session
from lms_jupyter.errors import AmbiguousModelError, CommandError, ModelNotFoundError
from lms_jupyter.hosts.sdk_default import DefaultClient
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.parser import parse, verb_names
from lms_jupyter.magics.run import (
    comparing,
    deleting,
    downloads,
    host,
    hosts,
    link,
    listing,
    loading,
    memory,
    notebook,
    perform,
    presets,
    runtime,
    sweeping,
    talking,
    usage,
)
from lms_jupyter.magics.verbs.talking import Talk, parse_cell
from lms_jupyter.manager.local import LocalManager

RUNNERS = (
    *(
        comparing,
        deleting,
        downloads,
        host,
        hosts,
        link,
        listing,
        loading,
        memory,
        notebook,
        presets,
        runtime,
    ),
    *(sweeping, talking, usage),
)
"""Importing them is what makes `perform` know them."""


@magics_class
class LmsMagics(Magics):
    """`%lms VERB …` and `%%lms [KEY] …`, on this process's manager."""

    def __init__(self, shell: InteractiveShell, local: LocalManager | None = None) -> None:
        super().__init__(shell)
        self.context = MagicContext(shell, Session(local) if local else session(parent=shell))
        self.default_client = DefaultClient(self.address, self.context.session.watch_load)

    @property
    def local(self) -> LocalManager:
        """The manager that the verbs work on; started with the first use."""
        return self.context.session.local

    @line_cell_magic
    def lms(self, line: str, cell: str | None = None) -> Any:
        """See and manage models in memory, and talk to them.

        `%lms help` lists the verbs, `%lms help VERB` explains one. `%%lms [KEY] [flags]` answers
        the text of the cell; `%%lms compare A B` and `%%lms sweep KEY context=[2048,8192]` answer
        it several times.
        """
        try:
            return perform(self._read(line, cell), self.context)
        except AmbiguousModelError as error:
            if self.context.can_update:
                from lms_jupyter.magics.buttons import (  # noqa: PLC0415 - brings ipywidgets
                    offer,
                )

                offer(error, line, lambda clear: self._again(clear, cell))
            raise
        except (CommandError, ModelNotFoundError) as error:
            verb = line.split(maxsplit=1)[0] if cell is not None and line.strip() else ""
            if verb in verb_names():
                error.hint = f"{verb} is a line magic: write %lms {line.strip()} on its own line."
            raise
        except KeyboardInterrupt as error:
            # Where in our code it struck is nothing that a notebook should show.
            vars(error)["_render_traceback_"] = lambda: ["KeyboardInterrupt: %lms was interrupted."]
            raise

    @staticmethod
    def _read(line: str, cell: str | None) -> Any:
        """Return what a line, or a cell below it, asks for."""
        if cell is None:
            return parse(line)
        request = parse_cell(line)
        if isinstance(request, Talk):
            return replace(request, prompt=cell)
        return replace(request, talk=replace(request.talk, prompt=cell))

    def _again(self, line: str, cell: str | None) -> Any:
        """Run a line as if it had been written, from a button."""
        if cell is None:
            return self.context.shell.run_line_magic("lms", line)
        return self.context.shell.run_cell_magic("lms", line, cell)  # type: ignore[no-untyped-call]

    def address(self) -> str:
        """Return the address of the host, finding one first.

        Raises:
            LmsError: There is none.
        """
        if not self.local.is_here:
            self.local.connect()
        return self.local.manager.activity.host.address

    def close(self) -> None:
        """Let go of the SDK's clients, and give the SDK its own default client back."""
        self.default_client.remove()
        self.context.session.close()
