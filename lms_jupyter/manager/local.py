"""This process's own manager, on its own loop in its own thread.

A notebook's main thread is busy for as long as a cell runs, so the manager lives beside it: the
panel goes on counting down, and a magic waits for it as for any other work.
"""

import asyncio
import atexit
import concurrent.futures

# What the manager's thread imports later needs it, and it cannot be imported while Python ends.
import concurrent.futures.thread
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from traitlets.config import Configurable

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.carrying import introduce_as
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.diary import own_diary
from lms_jupyter.manager.host_choices import discover_hosts, look_for_idle_gpu, wake_studio
from lms_jupyter.manager.identity import this_kernel
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.manager.link import assure, connect
from lms_jupyter.manager.manager import Collaborators, Manager
from lms_jupyter.manager.profiles import ProfileShelf
from lms_jupyter.manager.rules import read_rules
from lms_jupyter.manager.watch import watch

Result = TypeVar("Result")
Spawn = Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]

CLOSE_TIMEOUT_S = 5.0
CLEAN_UP_TIMEOUT_S = 15.0
TICK_S = 0.1
"""Between two glances at the progress of what a thread waits for."""


class Submitted(concurrent.futures.Future[Result]):
    """Work on the manager's loop, seen from another thread.

    Unlike what `asyncio.run_coroutine_threadsafe` returns, it is done only when the work has
    really ended, its cleaning up after a cancel included.
    """

    work: asyncio.Task[Result] | None = None

    def begin(self, work: Coroutine[Any, Any, Result], spawn: Spawn) -> None:
        """Start the work as a task that the manager owns; called on its loop."""
        if self.done():
            # It was called off before it began.
            work.close()
            return
        self.work = spawn(work)
        self.work.add_done_callback(self._end)

    def stop(self) -> None:
        """Cancel the work; called on its loop."""
        if self.work is not None:
            self.work.cancel()
        elif not self.done():
            self.set_exception(asyncio.CancelledError())

    def _end(self, work: asyncio.Task[Result]) -> None:
        if work.cancelled():
            self.set_exception(asyncio.CancelledError())
        elif (error := work.exception()) is not None:
            self.set_exception(error)
        else:
            self.set_result(work.result())


class LocalManager:
    """A manager with a loop and a thread of its own. Usable from any other thread."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager
        self._pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report_unless_ending)
        manager.run_on(self._loop)
        self._thread = threading.Thread(target=self._run, name="lms-manager", daemon=True)
        self._thread.start()
        self.submit(self._begin())

    @property
    def alive(self) -> bool:
        """Whether it still takes work: not after `close`, and not in a forked child.

        A loop that does not run yet counts: its thread may be slow to begin.
        """
        return self._thread.is_alive() and not self._loop.is_closed()

    @property
    def is_inherited(self) -> bool:
        """Whether it is of the process that this one was forked from: its thread is not here."""
        return self._pid != os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether the caller runs on the manager's own thread, as listeners and observers do."""
        return threading.current_thread() is self._thread

    def submit(self, work: Coroutine[Any, Any, Result]) -> "Submitted[Result]":
        """Start work on the manager's loop."""
        submitted: Submitted[Result] = Submitted()
        self._begin_work(submitted, work)
        return submitted

    def finish(
        self, work: Coroutine[Any, Any, Result], each: Callable[[], None] = lambda: None
    ) -> Result:
        """Start work and wait for it; an interrupt at any moment cancels it. See `wait`.

        Raises:
            CommandError: The caller runs on the manager's thread, and would wait for itself.
        """
        if self.is_here:
            work.close()
            raise CommandError(
                "A listener cannot wait for the host: it runs where the host is listened to.",
                hint="Do it in a thread of its own: threading.Thread(target=...).start()",
            )
        submitted: Submitted[Result] = Submitted()
        return self.wait(submitted, each, begin=lambda: self._begin_work(submitted, work))

    def connect(self) -> None:
        """Wait until there is a host that answers.

        Raises:
            LmsError: There is none; the sentence says why.
        """
        self.finish(assure(self.manager))

    def run(self, command: object) -> Any:
        """Carry out a command and wait for its result.

        Interrupting the wait cancels the command, and waits until it has cleaned up.

        Raises:
            LmsError: It could not be carried out.
        """
        return self.finish(self.carry_out(command))

    async def carry_out(self, command: object) -> Any:
        """Carry out a command on the manager's loop, finding a host first."""
        await connect(self.manager)
        return await run(command, self.manager)

    def wait(
        self,
        future: "Submitted[Result]",
        each: Callable[[], None] = lambda: None,
        *,
        begin: Callable[[], None] = lambda: None,
    ) -> Result:
        """Wait for submitted work, calling `each` now and then in this thread.

        Args:
            future: The work.
            each: Called about ten times a second.
            begin: Starts the work, where an interrupt must not slip in before the wait.

        Raises:
            KeyboardInterrupt: The wait was interrupted. The work was cancelled first, and has
                cleaned up after itself: a load that was under way is called off on the host.
        """
        try:
            begin()
            while True:
                done, _ = concurrent.futures.wait([future], timeout=TICK_S)
                each()
                if done:
                    return future.result()
        except KeyboardInterrupt:
            self.stop(future)
            concurrent.futures.wait([future], timeout=CLEAN_UP_TIMEOUT_S)
            raise

    def stop(self, future: "Submitted[Any]") -> None:
        """Cancel submitted work without waiting for it."""
        if self.is_inherited:
            return
        self._loop.call_soon_threadsafe(future.stop)

    def close(self) -> None:
        """End the manager's tasks, close its connections and stop the thread."""
        if not self.alive:
            return
        closed: concurrent.futures.Future[None] = concurrent.futures.Future()

        def end(closing: asyncio.Task[None]) -> None:
            error = None if closing.cancelled() else closing.exception()
            closed.set_exception(error) if error else closed.set_result(None)

        def begin() -> None:
            # Made here: a loop that is too busy for it would leave a coroutine that nobody awaits.
            self._loop.create_task(self.manager.close()).add_done_callback(end)

        self._loop.call_soon_threadsafe(begin)
        with contextlib.suppress(TimeoutError):
            closed.result(CLOSE_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_TIMEOUT_S)

    def _begin_work(
        self, submitted: "Submitted[Result]", work: Coroutine[Any, Any, Result]
    ) -> None:
        if self.is_inherited:
            work.close()
            raise CommandError(
                f"This manager is of process {self._pid}, which this one was forked from.",
                hint="Ask `lms_jupyter` itself: in a worker it has a manager of its own.",
            )
        self._loop.call_soon_threadsafe(submitted.begin, work, self.manager.spawn)

    async def _begin(self) -> None:
        self.manager.spawn(watch(self.manager))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()


def _report_unless_ending(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what went wrong in a task, but not that Python ends while a host is looked for."""
    if threading.main_thread().is_alive():
        loop.default_exception_handler(context)


_lock = fork_safe_lock()
_local: LocalManager | None = None
_inherited: list[LocalManager] = []
"""Those of the processes that this one was forked from. They are kept: a loop that is closed here
would take its sockets off the list of what the parent waits for, which both share."""


def local_manager(
    parent: Configurable | None = None, profiles: ProfileShelf | None = None
) -> LocalManager:
    """Return this process's manager, started with its first use.

    Args:
        parent: Who brings the configuration (`c.Manager.host`); only the first use can say it.
        profiles: Where named load settings are kept; as above.
    """
    global _local  # noqa: PLW0603 - one per process is the point
    with _lock:
        if _local is None or not _local.alive:
            identity = this_kernel()
            traits: dict[str, Any] = {"parent": parent}
            if _local is not None and _local.is_inherited:
                _inherited.append(_local)
                before = _local.manager
                profiles = profiles or before.collaborators.profiles
                # The worker's models are where those of its parent are, however they were found.
                traits["host"] = before.host or before.activity.host.address
            collaborators = Collaborators(
                owner=identity.label,
                identity=identity,
                leases=LeaseBook(),
                diary=own_diary(),
                profiles=profiles,
                read_rules=read_rules,
                discover_hosts=discover_hosts,
                look_for_idle_gpu=look_for_idle_gpu,
                wake_studio=wake_studio,
            )
            introduce_as(identity.name)
            _local = LocalManager(Manager(collaborators=collaborators, **traits))
            atexit.register(_local.close)
        return _local


def close_local_manager() -> None:
    """Close this process's manager, if there is one; the next use starts another."""
    global _local  # noqa: PLW0603 - see local_manager
    with _lock:
        if _local is not None:
            atexit.unregister(_local.close)
            _local.close()
            _local = None
