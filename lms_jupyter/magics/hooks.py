"""What we hang into IPython besides the magics: Tab, and the question mark behind a verb."""

import concurrent.futures
import contextlib
import re
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from lms_jupyter.api.session import Session
from lms_jupyter.errors import LmsError
from lms_jupyter.magics.complete import Completer
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.watch import connect

_QUESTION = re.compile(
    r"^\s*(?:\?+\s*)?%lms(?:\s+(?P<verb>[a-z]+)\b[^?]*)?\s*(?P<marks>\?{0,2})\s*$"
)
FIRST = 1000.0
"""Asked before every other matcher: what Jedi thinks of a magic's words is worth nothing."""

FIRST_LOOK_S = 5.0
"""How long Tab waits at most for a host that is still being found: an engine starts in less."""


class Hooks:
    """Hung in by `install`, taken out by `remove`."""

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell = shell
        self._session = session
        self._completer = Completer(
            self._manager, lambda: session.folder, lambda: _own_names(shell)
        )
        self._matcher = self._make_matcher()
        self._has_looked = False

    def install(self) -> None:
        """Hang everything in."""
        self._shell.Completer.custom_matchers.append(self._matcher)
        self._shell.input_transformers_cleanup.append(explain)
        self._session.cells.install(self._shell)

    def remove(self) -> None:
        """Take everything out; what others hung in stays."""
        matchers = self._shell.Completer.custom_matchers
        if self._matcher in matchers:
            matchers.remove(self._matcher)
        if explain in self._shell.input_transformers_cleanup:
            self._shell.input_transformers_cleanup.remove(explain)
        self._session.cells.remove()

    def _manager(self) -> Manager | None:
        """Return the manager; the first Tab of a kernel waits a moment for what it will know."""
        local = self._session.local
        if not self._has_looked and not local.manager.catalog.models:
            # Once: a host without models, or a silent one, must not slow every Tab.
            self._has_looked = True
            concurrent.futures.wait([local.submit(_first_look(local.manager))], FIRST_LOOK_S)
        return local.manager

    def _make_matcher(self) -> Any:
        @context_matcher(priority=FIRST, identifier="lms_jupyter")  # type: ignore[untyped-decorator]
        def matcher(context: CompletionContext) -> SimpleMatcherResult:
            lines = context.full_text.split("\n")
            line = lines[context.cursor_line][: context.cursor_position]
            found = None
            # Below a cell magic stands a prompt, and what looks like a magic there is text.
            if context.cursor_line == 0 or not lines[0].startswith("%%"):
                found = self._completer.complete(line)
            if found is None:
                return SimpleMatcherResult(completions=[], suppress=False)
            word, names = found
            return SimpleMatcherResult(
                completions=[SimpleCompletion(name, type="magic") for name in names],
                matched_fragment=word,
                suppress=True,
                ordered=True,
            )

        return matcher


def _own_names(shell: Any) -> dict[str, Any]:
    """Return what the user has defined, without what IPython keeps beside it."""
    hidden = shell.user_ns_hidden
    return {name: value for name, value in dict(shell.user_ns).items() if name not in hidden}


async def _first_look(manager: Manager) -> None:
    # Tab has no place for an error; the verb that is being written will tell it.
    with contextlib.suppress(LmsError):
        await connect(manager)
        await lookup.models(manager)


def explain(lines: list[str]) -> list[str]:
    """Turn `%lms load?` into `%lms help load`: IPython itself would look for a `load`."""
    if len(lines) != 1 or "?" not in lines[0]:
        return lines
    match = _QUESTION.match(lines[0])
    if match is None or not (match["marks"] or lines[0].lstrip().startswith("?")):
        return lines
    return [f"%lms help {match['verb'] or ''}".rstrip() + "\n"]
