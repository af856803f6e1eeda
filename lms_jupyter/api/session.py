"""What the Python functions and the magics share: one manager, its handles, its folder."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from lms_jupyter.api.settings import DEFAULT_TTL_S
from lms_jupyter.errors import (
    CommandError,
    HostTimeoutError,
    InstanceUnloadedError,
    LmsError,
)
from lms_jupyter.hosts.base import LOCAL
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.manager import Manager, loading, lookup
from lms_jupyter.manager.departures import Use
from lms_jupyter.manager.loading import How, Order, Outcome
from lms_jupyter.manager.local import LocalManager, local_manager
from lms_jupyter.manager.resolve import Meant, resolve
from lms_jupyter.manager.watch import connect
from lms_jupyter.model_folders import is_folder
from lms_jupyter.protocol.models import Instance, LoadConfig

if TYPE_CHECKING:
    from lms_jupyter.hosts.handles import Handle
    from lms_jupyter.hosts.healing import Revive, Seen

Result = TypeVar("Result")


class Wish(Struct, frozen=True, kw_only=True):
    """A load as a user asks for it: the name may be vague."""

    name: str
    how: How = "ensure"
    identifier: str | None = None
    ttl_s: float | None = DEFAULT_TTL_S
    config: LoadConfig = LoadConfig()
    device: str | None = None
    lease: bool = True
    reload: bool = False
    first: bool = False
    """Take the best of several matches."""
    exact: bool = False
    """The name is a path, to the letter."""
    local: bool = False
    """Look at this host's own models only."""
    timeout_s: float | None = None
    heal: bool = True


class Got(Struct, frozen=True, kw_only=True):
    """What a wish came to."""

    wish: Wish
    meant: Meant
    outcome: Outcome

    @property
    def instance(self) -> Instance:
        """The instance that serves the wish."""
        return self.outcome.instance


class Session:
    """One manager as a notebook uses it. Its methods may be called from any thread but its own."""

    def __init__(self, local: LocalManager | None = None, parent: Any = None) -> None:
        self._own = local
        self._parent = parent
        self._handles: Any = None
        self._lock = fork_safe_lock()
        self.say: Callable[[str], None] = print
        """Where a line goes that somebody should read."""

    @property
    def local(self) -> LocalManager:
        """The manager with its thread; started with the first use."""
        return self._own or local_manager(parent=self._parent)

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

        return self.local.finish(connected(), each)

    def get(self, wish: Wish, each: Callable[[], None] = lambda: None) -> Got:
        """Load, ensure or use, as wished; see `fulfil`."""
        return self.run(self.fulfil(wish), each)

    async def fulfil(self, wish: Wish) -> Got:
        """Find out what is meant, then get it. Called on the manager's loop.

        Raises:
            ModelNotFoundError: No model fits this key.
            AmbiguousModelError: Several models could be meant.
            HostTimeoutError: It took longer than the wish allows; the load was called off.
        """
        manager = self.local.manager
        models = await lookup.models(manager)
        if wish.local:
            models = tuple(model for model in models if model.device is None)
        instances = await lookup.instances(manager)
        device = LOCAL if wish.local and wish.device is None else wish.device
        device = lookup.device(device, manager)
        instances = tuple(one for one in instances if lookup.is_on(device, one))
        meant = resolve(wish.name, models, instances, first=wish.first, exact=wish.exact)
        order = Order(
            name=meant.name,
            how=wish.how,
            identifier=wish.identifier,
            ttl_s=wish.ttl_s,
            config=wish.config,
            device=device,
            lease=wish.lease,
            reload=wish.reload,
        )
        work = manager.spawn(loading.carry_out(order, manager, meant))
        done, _ = await _patiently(work, wish.timeout_s)
        if not done:
            work.cancel()
            with contextlib.suppress(BaseException):
                await work
            raise HostTimeoutError(
                f"Loading {meant.name!r} took longer than {wish.timeout_s:g} s and was called off.",
                hint="Give it more time with --timeout, or leave it out.",
            )
        return Got(wish=wish, meant=meant, outcome=work.result())

    def handle(self, got: Got) -> "Handle":
        """Return the SDK's handle of what a wish came to."""
        from lms_jupyter.hosts.handles import just_loaded  # noqa: PLC0415 - brings the SDK

        handle = self.handle_of(got.instance, got.wish)
        if got.outcome.how != "used":
            just_loaded(handle)
        return handle

    def handle_of(self, instance: Instance, wish: Wish | None = None) -> "Handle":
        """Return the SDK's handle of an instance, as it was wished for."""
        from lms_jupyter.hosts.credentials import token_for  # noqa: PLC0415 - brings the SDK
        from lms_jupyter.hosts.handles import Handles  # noqa: PLC0415 - as above

        wish = wish or Wish(name=instance.model_key)
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
            revive=self._revive(instance, wish) if wish.heal else None,
            place=place,
        )
        return handle

    def watch_load(self, address: str) -> Callable[[str], None]:
        """Begin to watch a call of the SDK's own that may load something; that is then ours.

        Args:
            address: The host that the call goes to.

        Returns:
            What is to be told the identifier when the call has ended.
        """
        manager = self.local.manager
        if self.local.is_here or address != manager.activity.host.address:
            return lambda _identifier: None
        before = {one.instance_reference for one in self.run(lookup.instances(manager))}

        def claim(identifier: str) -> None:
            # The call has done its work: whose its instance is counts for less.
            with contextlib.suppress(LmsError):
                self.run(loading.claim(identifier, before, manager))

        return claim

    def instance(self, name: str, device: str | None = None) -> Instance:
        """Return the instance that a name means, in any of its forms; see `lookup.named`."""
        return self.run(lookup.named(name, self.local.manager, device))

    def close(self) -> None:
        """Close the SDK's clients; handles that were given out stop working."""
        if self._handles is not None:
            self._handles.close()
            self._handles = None

    def _revive(self, instance: Instance, wish: Wish) -> "Revive":
        """Return what brings an instance back as it was asked for."""
        work = self.revival(instance, wish)
        return lambda seen: self.run(work(seen))

    def revival(
        self, instance: Instance, wish: Wish
    ) -> Callable[["Seen"], Coroutine[Any, Any, str]]:
        """Return what brings an instance back, to be awaited on the manager's loop."""
        again = Order(
            name=instance.model_key,
            how="ensure",
            identifier=instance.identifier,
            ttl_s=instance.ttl_s,
            config=wish.config,
            device=instance.device or LOCAL,
            lease=wish.lease,
        )

        async def revive(seen: "Seen") -> str:
            use = Use(
                instance_reference=seen.instance_reference,
                at=seen.at,
                ttl_s=instance.ttl_s,
                may_evict=wish.how == "use",
            )
            departure = await lookup.why_gone(use, self.local.manager)
            if departure is not None and departure.is_decision:
                raise InstanceUnloadedError(
                    instance.identifier, instance.model_key, by=departure.by
                )
            outcome = await loading.carry_out(again, self.local.manager)
            if outcome.how != "used":
                self.say(f"{instance.identifier} had been unloaded meanwhile, and is loaded again.")
            return outcome.instance.instance_reference

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
    """
    return session().local.manager
