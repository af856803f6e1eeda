"""What the Python functions and the magics share: one manager, its handles, its folder."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from lms_jupyter.api.cells import Cells
from lms_jupyter.api.handle_cards import draw_handle
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.profiles import ProfileFile
from lms_jupyter.errors import (
    CommandError,
    HostTimeoutError,
    InstanceUnloadedError,
    LmsError,
)
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.manager import Manager, loading, lookup
from lms_jupyter.manager.departures import Use
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.local import LocalManager, local_manager
from lms_jupyter.manager.watch import connect
from lms_jupyter.model_folders import is_folder
from lms_jupyter.protocol.loads import LOCAL, LoadRequest
from lms_jupyter.protocol.models import Instance

if TYPE_CHECKING:
    from lms_jupyter.hosts.handles import Handle
    from lms_jupyter.hosts.lifeline import Revive, Seen

Result = TypeVar("Result")


class Session:
    """One manager as a notebook uses it. Its methods may be called from any thread but its own."""

    def __init__(self, local: LocalManager | None = None, parent: Any = None) -> None:
        self._own = local
        self._parent = parent
        self._handles: Any = None
        self._lock = fork_safe_lock()
        self.cells = Cells(lambda: self.local)
        self.say: Callable[[str], None] = print
        """Where a line goes that somebody should read."""

    @property
    def local(self) -> LocalManager:
        """The manager with its thread; started with the first use."""
        return self._own or local_manager(self._parent, ProfileFile(lambda: self.folder))

    @property
    def folder(self) -> Path:
        """Where the notebook lies: profiles and lock files are next to it.

        Raises:
            CommandError: It has been removed.
        """
        notebook = os.environ.get("JPY_SESSION_NAME")
        parent = Path(notebook).parent if notebook else Path()
        if parent.is_absolute() and is_folder(parent):
            return parent
        try:
            return Path.cwd()
        except FileNotFoundError as error:
            raise CommandError(
                "The folder that this process runs in has been removed.",
                hint="Change to another one: import os; os.chdir(os.path.expanduser('~'))",
            ) from error

    @property
    def notebook(self) -> str:
        """What the notebook is called, without its ending."""
        return Path(os.environ.get("JPY_SESSION_NAME") or "notebook").stem

    def run(
        self, work: Coroutine[Any, Any, Result], each: Callable[[], None] = lambda: None
    ) -> Result:
        """Wait for work on the manager's loop, once there is a host; interrupting cancels it."""

        async def connected() -> Result:
            try:
                await connect(self.local.manager)
            except BaseException:
                work.close()
                raise
            return await work

        result = self.local.finish(connected(), each)
        self.cells.used()
        return result

    async def load(self, asked: NotebookRequest) -> LoadResult:
        """Find out what is meant, then get it. Called on the manager's loop.

        Raises:
            ModelNotFoundError: No model fits this key.
            AmbiguousModelError: Several models could be meant.
            HostTimeoutError: It took longer than was allowed; the load was called off.
        """
        manager, request = self.local.manager, asked.request
        if asked.local and request.device is None:
            request = replace(request, device=LOCAL)
        found = await lookup.look_up(
            request.model_key, manager, on=request.device, first=asked.first, exact=asked.exact
        )
        work = manager.spawn(loading.carry_out(request, manager, found))
        done, _ = await _patiently(work, asked.timeout_s)
        if not done:
            work.cancel()
            with contextlib.suppress(BaseException):
                await work
            raise HostTimeoutError(
                f"Loading {found.resolution.name!r} took longer than {asked.timeout_s:g} s "
                "and was called off.",
                hint="Give it more time with --timeout, or leave it out.",
            )
        return work.result()

    def handle(self, result: LoadResult, *, heal: bool = True) -> "Handle":
        """Return the SDK's handle of what was loaded or used."""
        from lms_jupyter.hosts.handles import just_loaded  # noqa: PLC0415 - brings the SDK

        handle = self.handle_of(result.instance, result.request, heal=heal)
        if result.how != "used":
            just_loaded(handle)
        return handle

    def handle_of(
        self, instance: Instance, request: LoadRequest | None = None, *, heal: bool = True
    ) -> "Handle":
        """Return the SDK's handle of an instance.

        Args:
            instance: Which one.
            request: How it was asked for, if it was from here.
            heal: Whether the handle loads the model again when it was unloaded meanwhile.
        """
        from lms_jupyter.hosts.credentials import token_for  # noqa: PLC0415 - brings the SDK
        from lms_jupyter.hosts.handles import Handles, shown_as  # noqa: PLC0415 - as above

        request = request or LoadRequest(model_key=instance.model_key)
        with self._lock:
            if self._handles is None:
                self._handles = Handles()

        def place() -> tuple[str, str | None]:
            if not self.local.manager.activity.host.address:
                # In a forked worker a handle is often the first that needs the host.
                self.local.connect()
            address = self.local.manager.activity.host.address
            return address, token_for(address)

        handle: Handle = self._handles.handle(
            *(place()[0], instance, place()[1]),
            revive=self._revive(instance, request) if heal else None,
            place=place,
        )
        shown_as(handle, self.card_of(instance.identifier))
        return handle

    def card_of(self, identifier: str) -> Callable[["Seen"], str]:
        """Return what draws a handle of ours where it is the value of a cell."""
        return lambda seen: draw_handle(identifier, seen, self.local.manager).html()

    def watch_load(self, address: str) -> Callable[[str], None]:
        """Begin to watch a call of the SDK's own that may load something; that is then ours.

        Args:
            address: The host that the call goes to.

        Returns:
            A function to call with the identifier when the call has ended.
        """
        manager = self.local.manager
        if self.local.is_here or address != manager.activity.host.address:
            return lambda _identifier: None
        before = {instance.instance_reference for instance in self.run(lookup.instances(manager))}

        def claim(identifier: str) -> None:
            # The call has done its work: whose its instance is counts for less.
            with contextlib.suppress(LmsError):
                self.run(loading.claim(identifier, before, manager))

        return claim

    def instance(self, name: str, device: str | None = None) -> Instance:
        """Return the instance that a name means, in any of its forms; see `lookup.named`."""
        return self.run(lookup.named(name, self.local.manager, device))

    def instances(self, name: str, device: str | None = None) -> tuple[Instance, ...]:
        """Return the instances that a name means, in any of its forms; see `lookup.all_named`."""
        return self.run(lookup.all_named(name, self.local.manager, device))

    def close(self) -> None:
        """Close the SDK's clients; handles that were given out stop working."""
        if self._handles is not None:
            self._handles.close()
            self._handles = None

    def _revive(self, instance: Instance, request: LoadRequest) -> "Revive":
        """Return what brings an instance back as it was asked for."""
        work = self.revival(instance, request)
        return lambda seen: self.run(work(seen))

    def revival(
        self, instance: Instance, request: LoadRequest
    ) -> Callable[["Seen"], Coroutine[Any, Any, str]]:
        """Return what brings an instance back, to be awaited on the manager's loop."""
        again = LoadRequest.like(instance, request.config, lease=request.lease)

        async def revive(seen: "Seen") -> str:
            use = Use(
                instance_reference=seen.instance_reference,
                at=seen.at,
                ttl_s=instance.ttl_s,
                may_evict=request.mode == "use",
            )
            departure = await lookup.why_gone(use, self.local.manager)
            if departure is not None and departure.is_decision:
                raise InstanceUnloadedError(
                    instance.identifier, instance.model_key, by=departure.by
                )
            result = await loading.carry_out(again, self.local.manager)
            if result.how != "used":
                self.say(f"{instance.identifier} had been unloaded meanwhile, and is loaded again.")
            return result.instance.instance_reference

        return revive


async def _patiently(work: Any, timeout_s: float | None) -> tuple[set[Any], set[Any]]:
    """Wait for work, but not longer than this; cancelling the wait cancels the work."""
    try:
        return await asyncio.wait([work], timeout=timeout_s)
    except asyncio.CancelledError:
        work.cancel()
        with contextlib.suppress(BaseException):
            await asyncio.shield(_ended(work))
        raise


async def _ended(work: Any) -> None:
    with contextlib.suppress(BaseException):
        await work


_lock = fork_safe_lock()
_session: Session | None = None


def session(parent: Any = None) -> Session:
    """Return this process's session.

    Args:
        parent: Who brings the configuration, with the first use.
    """
    global _session  # noqa: PLW0603 - one per process is the point
    with _lock:
        if _session is None:
            _session = Session(parent=parent)
        return _session


def get_manager() -> Manager:
    """Return this process's manager: its traits `catalog` and `activity` are what a host has.

    It is started with its first use, and looks for a host by itself. Observe a trait with
    `get_manager().observe(function, "activity")`; the function runs on the manager's thread.

    Example:
        >>> lms_jupyter.get_manager().activity.instances
    """
    return session().local.manager
