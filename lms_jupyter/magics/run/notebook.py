"""Runs `panel`, `help`, `lock` and `restore`."""

from typing import Any

from lms_jupyter.api import lock as locks
from lms_jupyter.magics.desk import Desk
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.notebook import Lock, Restore, ShowHelp, ShowPanel


@perform.register
def show_panel(_request: ShowPanel, _desk: Desk) -> Any:
    """Show the live panel."""
    from lms_jupyter import panel  # noqa: PLC0415 - brings anywidget, which is slow to import

    return panel()


@perform.register
def show_help(request: ShowHelp, desk: Desk) -> None:
    """Explain a verb, or name them all."""
    desk.say(request.text)


@perform.register
def lock(_request: Lock, desk: Desk) -> None:
    """Write down what this notebook uses."""
    desk.connect()
    session = desk.session
    path = locks.lock_path(session.folder, session.notebook)
    written = session.run(locks.write_lock(path, desk.manager))
    names = ", ".join(locked.identifier for locked in written.instances)
    desk.say(f"{path.name} holds {names}.")


@perform.register
def restore(request: Restore, desk: Desk) -> list[Any]:
    """Bring back what the lock names, and say what has drifted; return the handles."""
    desk.connect()
    session, manager = desk.session, desk.manager
    path = locks.lock_path(session.folder, session.notebook)
    lock = locks.read_lock(path)
    drifted = list(session.run(locks.drift(lock, manager)))
    if request.only_check:
        for line in drifted or [f"Everything is as {path.name} says."]:
            desk.say(line)
        return []
    instances = session.run(locks.restore(lock, manager))
    drifted += session.run(locks.differs(lock, instances, manager))
    names = ", ".join(instance.identifier for instance in instances)
    desk.say(f"{names} is in memory, as {path.name} says." if not drifted else f"{names}: drifted.")
    for line in drifted:
        desk.say(line)
    return [session.handle_of(instance) for instance in instances]
