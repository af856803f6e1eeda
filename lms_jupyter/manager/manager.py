"""The manager: two slices as traits, one writer, and the tasks that it owns."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from traitlets import Enum, Instance, Unicode
from traitlets.config import Configurable

from lms_jupyter.diary.diary import Diary
from lms_jupyter.hosts.base import Found, Host
from lms_jupyter.manager.departures import Departures
from lms_jupyter.manager.diary import DiaryReader
from lms_jupyter.manager.events import Event, HostConnected, Polled
from lms_jupyter.manager.fetch import Fetch
from lms_jupyter.manager.former import RecentlyUnloaded
from lms_jupyter.manager.identity import Identity
from lms_jupyter.manager.leases import LeaseBook
from lms_jupyter.manager.observed import observed
from lms_jupyter.manager.profiles import ProfileShelf
from lms_jupyter.manager.reduce import State, reduce
from lms_jupyter.manager.rules import Rules
from lms_jupyter.manager.steady import SteadyHost
from lms_jupyter.manager.viewers import Viewers
from lms_jupyter.protocol.models import HostChoice, HostInfo, LoadConfig
from lms_jupyter.protocol.replies import IdleGpuNote
from lms_jupyter.protocol.slices import Activity, Catalog

Result = TypeVar("Result")
Finder = Callable[[str], Awaitable[Found]]
HostDiscovery = Callable[[Iterable[str]], Awaitable[tuple[HostChoice, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """What a manager works with besides its host; each process puts it together in one place."""

    owner: str = ""
    """What the host is told about who loads, for hosts that show it."""
    identity: Identity | None = None
    """Which kernel this is, if it is one."""
    leases: LeaseBook | None = None
    """Where kernels' claims are written down."""
    diary: Diary | None = None
    """Where it is written down what is seen of hosts that keep no diary, if that is wanted."""
    profiles: ProfileShelf | None = None
    """Where named load settings are kept, if there is such a place."""
    read_rules: Callable[[], Rules] | None = None
    """Reads how long models stay whose load does not say it, if there are such rules."""
    discover_hosts: HostDiscovery | None = None
    """Finds the hosts that a page may switch to; where it may switch to none, nothing."""
    look_for_idle_gpu: Callable[[], Awaitable[IdleGpuNote | None]] | None = None
    """Says what an engine here loses that computes on the processor only, if anything."""
    wake_studio: Callable[[], Awaitable[None]] | None = None
    """Starts the LM Studio of this machine; where a page may not, nothing."""

    @property
    def client(self) -> str:
        """Who this is in a diary."""
        return self.owner if self.identity is None else self.identity.name


ALONE = Collaborators()
STUDIO = "LM Studio"
"""What a host is called that is no embedded engine."""


class Manager(Configurable):
    """Knows what is in memory and on the disk of one host, and carries out commands.

    Everything but reading the two traits happens on one event loop; observers of the traits are
    called on that loop's thread.
    """

    host = Unicode(help="The address of the host, host:port. Empty: look for one.").tag(config=True)

    wake_studio = Enum(
        ["ask", "always", "never"],
        "ask",
        help="Whether an LM Studio that is installed and does not run is started: when `%lms host "
        "wake` or a button says so, whenever a host is looked for, or never; then the embedded "
        "engine is used instead. Where the variable CI is set, it is never started.",
    ).tag(config=True)

    catalog = Instance(Catalog, help="What lies on the host's disk.")
    activity = Instance(Activity, help="What is in memory and what is happening to it.")

    _had_studio = False
    """Whether the last host was an LM Studio."""

    def __init__(
        self, find: Finder | None = None, collaborators: Collaborators = ALONE, **kwargs: Any
    ) -> None:
        """Begin without a host.

        Args:
            find: Finds the host, instead of looking for one as `hosts.discover` does.
            collaborators: What else the manager works with; it is given at the beginning.
            **kwargs: Traits, and what a `Configurable` takes.
        """
        epoch = uuid.uuid4().hex[:8]
        host = HostInfo(name=STUDIO, address=kwargs.get("host", ""))
        activity = Activity(epoch=epoch, now=time.time(), host=host)
        super().__init__(catalog=Catalog(epoch=epoch), activity=activity, **kwargs)
        self.owner = collaborators.owner
        self.identity = collaborators.identity
        self.leases = collaborators.leases
        self.collaborators = collaborators
        self.find = find or self._look_for_host
        self.connecting = asyncio.Lock()
        """Held while somebody looks for a host, so that two never look at once."""
        self.loop: asyncio.AbstractEventLoop | None = None
        """The loop that everything but reading the traits happens on."""
        self.why = ""
        """Why it is this host, for the line that says which one is used."""
        self.viewers = Viewers()
        self.wake = asyncio.Event()
        """Set to have the watch look at once."""
        self.calm_s = 1.0
        """Seconds between two looks while somebody looks and nothing moves."""
        self.loads: dict[str, asyncio.Task[Any]] = {}
        self.turns: dict[str, asyncio.Lock] = {}
        """Held while somebody loads a model, by the model's key; see `manager.turns`."""
        self.waited_for: frozenset[str] = frozenset()
        """The loads of ours that somebody else here waits for too."""
        self.own: dict[str, LoadConfig] = {}
        self.sources: dict[str, Mapping[str, str]] = {}
        """What was asked for the instances that this kernel loaded, by their references."""
        self.departures = Departures()
        """Why instances are gone, as far as it is known here."""
        self.unloaded = RecentlyUnloaded()
        """What was unloaded here and may be wanted back."""
        self.downloads: dict[str, Fetch] = {}
        """The downloads that have a row."""
        self.selectable_hosts: set[str] = set()
        """The addresses that a page may switch to: those named to it, and those used before."""
        self.awaited: frozenset[str] = frozenset()
        """References of what bears this kernel's name, and that no lease says it holds."""
        self.seen_rids: dict[str, None] = {}
        self._host: Host | None = None
        self._steady = SteadyHost(self)
        self.diary = DiaryReader(self._steady, collaborators.diary)
        self.observed = observed(collaborators.diary, collaborators.client, self.departures)
        """Writes down what is seen of hosts that keep no diary, if that is wanted."""
        self._serial = count(1)
        self._clock_lead_s = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._state = State(catalog=self.catalog, activity=self.activity)

    @property
    def is_connected(self) -> bool:
        """Whether there is a host that answered when it was last asked."""
        return self._host is not None

    @property
    def connected_host(self) -> Host:
        """The host, under a name that stays while it is lost and found again.

        What is asked of it finds a host first if there is none.
        """
        return self._steady

    @property
    def reached(self) -> Host | None:
        """The host itself, while there is one that answered when it was last asked."""
        return self._host

    async def _look_for_host(self, named: str) -> Found:
        """Look for a host in the order of `hosts.discover`, in this process's own environment."""
        # Brings the SDK, which takes longer to import than `%load_ext` may take.
        from lms_jupyter.hosts import discover  # noqa: PLC0415

        policy: Any = self.wake_studio
        # An LM Studio that restarts is gone for a moment: no engine takes its place unasked.
        start = policy != "ask" or not self._had_studio
        return await discover.find_host(named, start=start, waking=policy)

    def search_anew(self) -> None:
        """Have the next search begin as if there had never been a host."""
        self._had_studio = False

    def has(self, host: Host) -> bool:
        """Whether this host is ours, and no other has taken its place."""
        return self._host is host

    def set_host(self, found: Found | None) -> None:
        """Take a connected host as ours, or let go of the one that we had."""
        self._host = found.host if found else None
        if found:
            self.why = found.why
            self._had_studio = found.host.info.name == STUDIO

    def run_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say which loop everything but reading the traits happens on."""
        self.loop = loop

    def set_rhythm(self, calm_s: float) -> None:
        """Say how many seconds pass between two looks while somebody looks and nothing moves."""
        self.calm_s = calm_s

    def retire(self, host: Host) -> None:
        """Close a host that is ours no more, once nothing is under way on it."""
        self._steady.retire(host)

    def reset(self, info: HostInfo) -> None:
        """Forget what is known of a host, because from now on it is another one."""
        epoch = uuid.uuid4().hex[:8]
        self.own.clear()
        self.sources.clear()
        self.downloads.clear()
        self._state = State(
            catalog=Catalog(epoch=epoch),
            activity=Activity(epoch=epoch, now=time.time(), host=info),
        )
        self.catalog, self.activity = self._state.catalog, self._state.activity

    def apply(self, event: Event) -> None:
        """Change the slices: the only place that does. Call it on the manager's loop."""
        if isinstance(event, HostConnected):
            self.departures.connected()
        if isinstance(event, Polled) and event.snapshot is not None:
            self._clock_lead_s = event.snapshot.now - time.time()
            self.departures.polled(self.activity.instances, event.snapshot.instances)
        self._state = reduce(self._state, event)
        self.catalog = self._state.catalog
        self.activity = self._state.activity
        if self.observed is not None:
            self.observed.changed(self.activity)

    def spawn(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Start a task that ends with this manager at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def new_load_id(self) -> str:
        """Name a load so that every client of the host can tell whose it is."""
        return f"{self.activity.epoch}-{next(self._serial)}"

    def host_now(self) -> float:
        """Return the host's clock now, as far as our last poll shows."""
        return time.time() + self._clock_lead_s

    async def close(self) -> None:
        """End every task, then let go of the host."""
        if self.observed is not None:
            await self.observed.diary.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._host is not None:
            await self._host.close()
            self._host = None
