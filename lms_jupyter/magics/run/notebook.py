"""Runs `panel`, `help`, `lock` and `restore`."""

from typing import Any

from IPython.core.getipython import get_ipython

from lms_jupyter.api import lock as locks
from lms_jupyter.api.drift import Report, check
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.notebook import Lock, Restore, ShowHelp, ShowPanel


@perform.register
def show_panel(_request: ShowPanel, _context: MagicContext) -> Any:
    """Show the live panel."""
    from lms_jupyter import panel  # noqa: PLC0415 - brings anywidget, which is slow to import

    return panel()


@perform.register
def show_help(request: ShowHelp, context: MagicContext) -> None:
    """Explain a verb, or name them all."""
    context.say(request.text)


@perform.register
def lock(_request: Lock, context: MagicContext) -> None:
    """Write down what this notebook uses."""
    context.connect()
    session = context.session
    path = locks.lock_path(session.folder, session.notebook)
    written = session.run(locks.write_lock(path, context.manager))
    names = ", ".join(locked.identifier for locked in written.instances)
    context.say(f"{path.name} holds {names}.")


@perform.register
def restore(request: Restore, context: MagicContext) -> list[Any]:
    """Bring back what the lock names, and say what has drifted; return the handles."""
    context.connect()
    session, manager = context.session, context.manager
    path = locks.lock_path(session.folder, session.notebook)
    lock = locks.read_lock(path)
    # Compared before anything is mended: afterwards nobody could tell what had drifted.
    before = session.run(check(lock, manager))
    if request.only_check:
        return checked(before, path.name, context)
    instances = session.run(locks.restore(lock, manager))
    drifted = [*before.files, *session.run(locks.differs(lock, instances, manager.connected_host))]
    for line in before.instances:
        if line not in drifted:
            context.say(f"{line} It is as before again.")
    names = ", ".join(instance.identifier for instance in instances)
    context.say(
        f"{names} is in memory, as {path.name} says." if not drifted else f"{names}: drifted."
    )
    for line in drifted:
        context.say(line)
    return [session.handle_of(instance) for instance in instances]


class Drifted(list[str]):
    """What has drifted, a sentence each: empty, and so false, if nothing has."""

    shown_in: int = -1
    """The number of the cell that says it already."""

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        if shell is None or shell.execution_count != self.shown_in:
            print("\n".join(self) or "Nothing has drifted.")  # noqa: T201 - shown by a cell


def checked(report: Report, name: str, context: MagicContext) -> Drifted:
    """Say every difference, or that there is none; return them for scripts."""
    drifted = Drifted(report.lines)
    drifted.shown_in = context.shell.execution_count
    for line in drifted:
        context.say(line)
    if not drifted:
        context.say(f"Everything is as {name} says.")
    if report.by_size:
        context.say(f"Compared by size alone: {', '.join(report.by_size)}.")
    return drifted
