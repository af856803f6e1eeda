"""The hosts of this Jupyter Server: one manager each, however many pages listen."""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.host_names import NamedHost
from lms_jupyter.manager import Manager
from lms_jupyter.manager.diary import own_diary
from lms_jupyter.manager.host_choices import look_for_idle_gpu, wake_studio
from lms_jupyter.manager.leases import Lease, LeaseBook
from lms_jupyter.manager.manager import Collaborators, Finder
from lms_jupyter.manager.profiles import ProfileShelf
from lms_jupyter.manager.rules import read_rules
from lms_jupyter.manager.watch import watch
from lms_jupyter.protocol.slices import Slice
from lms_jupyter.server.imports import import_beside

Listener = Callable[[str, str], None]
"""Called with the kind of a slice and the slice as JSON."""

SLICES = ("catalog", "activity")
LINGER_S = 60.0
"""How long a manager outlives its last listener: a page that is loaded again finds it."""
OWNER = "JupyterLab"
"""Who loads, as the host shows it."""
HOST_VARIABLE = "LMS_JUPYTER_HOST"
"""Says where the host is, for whoever looks for one."""
RHYTHM_S = 1.0
"""Between two looks at a host that is calm, where a page does not ask for another."""
RHYTHMS_S = (0.5, 3600.0)
"""The shortest and the longest that a page may ask for."""


async def find_running(named: str) -> Found:
    """Find a host as everywhere, but start none: in the sidebar that is for a person to say."""
    discover = await import_beside("lms_jupyter.hosts.discover")
    found: Found = await discover.find_host(named, start=False)
    return found


class ManagedHost:
    """One host: its manager, for as long as somebody listens."""

    def __init__(self, address: str, board: "ManagerPool") -> None:
        self.address = address
        self.listeners: dict[Listener, float | None] = {}
        """Who listens, and the seconds between two polls that each asks for, if any."""
        self._board = board
        self._manager: Manager | None = None
        self._release: asyncio.TimerHandle | None = None

    @property
    def manager(self) -> Manager:
        """The manager, started with its first use; call this on the server's loop."""
        if self._manager is None:
            # It makes no claims of its own, and can tell whose the kernels' instances are.
            collaborators = Collaborators(
                owner=OWNER,
                leases=self._board.leases,
                diary=own_diary(),
                profiles=self._board.profiles,
                read_rules=read_rules,
                look_for_idle_gpu=look_for_idle_gpu,
                wake_studio=wake_studio,
            )
            self._manager = Manager(self._board.find, collaborators, host=self.address)
            self._manager.run_on(asyncio.get_running_loop())
            self._manager.observe(self._send_change, names=SLICES)
            self._manager.spawn(watch(self._manager, persistent=False))
            self._release_later()
        return self._manager

    @property
    def running(self) -> Manager | None:
        """The manager if there is one now."""
        return self._manager

    @property
    def leases(self) -> tuple[Lease, ...]:
        """The claims of this machine's kernels on what is in the host's memory."""
        if self._manager is None:
            return ()
        return self._board.leases.of(self._manager.activity.host.address)

    def join(self, listener: Listener, rhythm_s: float | None = None) -> None:
        """Tell a listener the newest slices, then every change.

        Args:
            listener: Who.
            rhythm_s: The seconds between two looks at a calm host; the shortest counts.
        """
        manager = self.manager
        self.listeners[listener] = rhythm_s
        manager.set_rhythm(self._rhythm_s())
        for name in SLICES:
            listener(name, encode(getattr(manager, name)))

    def leave(self, listener: Listener) -> None:
        """Tell a listener nothing any more."""
        self.listeners.pop(listener, None)
        if self._manager is not None:
            self._manager.set_rhythm(self._rhythm_s())
        self._release_later()

    def _rhythm_s(self) -> float:
        intervals = [interval for interval in self.listeners.values() if interval is not None]
        return min(intervals, default=RHYTHM_S)

    async def close(self) -> None:
        """End the manager, if there is one."""
        if self._release is not None:
            self._release.cancel()
        if self._manager is not None:
            manager, self._manager = self._manager, None
            manager.unobserve(self._send_change, names=SLICES)
            await manager.close()

    def _send_change(self, change: Any) -> None:
        text = encode(change.new)
        for listener in tuple(self.listeners):
            listener(change.name, text)

    def _release_later(self) -> None:
        if self._release is not None:
            self._release.cancel()
        loop = asyncio.get_running_loop()
        self._release = loop.call_later(self._board.linger_s, self._release_now)

    def _release_now(self) -> None:
        """Let the host go if nobody listens and no load of ours would be called off by it."""
        if self.listeners or self._manager is None:
            return
        if self._manager.loads:
            self._release_later()
        else:
            self._board.spawn(self.close())


class ManagerPool:
    """Connects pages with hosts. What hosts there are is said once, and not by a page."""

    def __init__(
        self,
        addresses: Sequence[str] = (),
        find: Finder = find_running,
        *,
        linger_s: float = LINGER_S,
        profiles: ProfileShelf | None = None,
        named: Callable[[], Sequence[NamedHost]] | None = None,
    ) -> None:
        self.may_name = named is not None
        """Whether hosts that the user gives names to may be shown too."""
        self._named = named or tuple
        self.find = find
        self.linger_s = linger_s
        self.profiles = profiles
        """Where pages keep named load settings, if there is a place."""
        self.leases = LeaseBook()
        """What kernels have loaded, and what is loaded here on behalf of one."""
        self.discovers = not (addresses or os.environ.get(HOST_VARIABLE))
        """Whether the one host is looked for: then an engine that is started is found."""
        self._configured = tuple(addresses) or ("",)
        self._lines = {address: ManagedHost(address, self) for address in self._configured}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The hosts, in the order of the configuration, then by name those that have one.

        Empty is the one that is looked for.
        """
        return tuple(dict.fromkeys([*self._configured, *self.names]))

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts that the user has given names."""
        return tuple(known.name for known in self._named())

    @property
    def lines(self) -> tuple[ManagedHost, ...]:
        """The line of every host that is configured or was asked for."""
        return tuple(self._lines.values())

    def line(self, address: str | None = None) -> ManagedHost | None:
        """Return the line of a host that may be shown, the first if none is named.

        Args:
            address: As in `addresses`; or where a host is that has a name.
        """
        if address is None:
            return self.lines[0]
        if address not in self._configured:
            named = self._named()
            address = next((known.name for known in named if known.address == address), address)
            if address not in {known.name for known in named}:
                return None
        return self._lines.setdefault(address, ManagedHost(address, self))

    def spawn(self, work: Any) -> None:
        """Start a task that ends with this switchboard at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End every manager."""
        await asyncio.gather(*(line.close() for line in self.lines))
        await asyncio.gather(*self._tasks, return_exceptions=True)


def encode(value: Slice) -> str:
    """Write a slice once for everybody who gets it."""
    return msgspec.json.encode(value).decode()
