"""Whose turn it is to load a model: what one is loading, no other loads a second time.

The first to ask loads; whoever asks meanwhile waits, and then takes what there is. That holds for
everything in this process, and through a file for the other kernels of this user. A host with the
feature "join" sees to the rest: see `LoadRequest.join`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lms_jupyter.errors import LoadCancelledError
from lms_jupyter.manager.events import LoadEnded, LoadJoined, LoadProgressed, LoadStarted
from lms_jupyter.manager.load_lock import LoadLock, Progress
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.resolve import Resolution
from lms_jupyter.protocol.models import Load
from lms_jupyter.protocol.slices import Activity

LOOK_S = 0.1
"""Between two tries to take a file that another process holds: nothing signals that it is free."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to load a model, and where to publish how far that is."""

    lock: LoadLock | None

    def publish(self, load_id: str, fraction: float) -> None:
        """Let those who wait see how far the load is."""
        if self.lock is not None:
            self.lock.publish(Progress(load_id=load_id, fraction=fraction))

    def release(self) -> None:
        """Let the next one load."""
        if self.lock is not None:
            self.lock.release()


@asynccontextmanager
async def turn(resolution: Resolution, manager: Manager) -> AsyncIterator[Turn]:
    """Wait until nobody else loads the model, and keep others from it inside the block.

    Cancelling the wait leaves everybody else as they are.

    Raises:
        LoadCancelledError: Somebody has called the wait off, as one calls off a load.
    """
    key = resolution.model.model_key
    ours = manager.turns.get(key)
    if ours is None:
        ours = manager.turns[key] = asyncio.Lock()
    watched = _own_loads(resolution, manager.activity)
    manager.waited_for |= watched
    try:
        async with ours:
            taken = Turn(_lock(resolution, manager))
            try:
                if taken.lock is not None and not taken.lock.take():
                    await _until_taken(taken.lock, resolution, manager)
                yield taken
            finally:
                taken.release()
    finally:
        manager.waited_for -= watched


@asynccontextmanager
async def beside(resolution: Resolution, manager: Manager) -> AsyncIterator[Turn]:
    """Load without waiting for anybody, but have those wait who want no second copy."""
    taken = Turn(_lock(resolution, manager))
    if taken.lock is not None and not taken.lock.take(shared=True):
        taken = Turn(None)
    try:
        yield taken
    finally:
        taken.release()


def is_being_loaded(resolution: Resolution, manager: Manager) -> bool:
    """Whether somebody is loading the model, as far as it can be seen from here."""
    if any(load.model_key in _names(resolution) for load in manager.activity.loads):
        return True
    lock = _lock(resolution, manager)
    if lock is None:
        return False
    is_free = lock.take()
    lock.release()
    return not is_free


def _lock(resolution: Resolution, manager: Manager) -> LoadLock | None:
    folder = None if manager.leases is None else manager.leases.folder
    if folder is None:
        return None
    address = manager.activity.host.address
    return LoadLock(folder, address, resolution.model.model_key)


def _own_loads(resolution: Resolution, activity: Activity) -> frozenset[str]:
    """Name this manager's loads of the model: who waits here waits for one of them."""
    epoch, names = activity.epoch, _names(resolution)
    loads = (load for load in activity.loads if load.load_id.startswith(epoch))
    return frozenset(load.load_id for load in loads if load.model_key in names)


def _names(resolution: Resolution) -> frozenset[str]:
    """Return what a load of the model may be of: every variant waits for every other."""
    model = resolution.model
    return frozenset({resolution.name, model.model_key, model.path, *model.variants})


async def _until_taken(lock: LoadLock, resolution: Resolution, manager: Manager) -> None:
    """Wait for the file as for a load: with a row, which can be cancelled, and its progress."""
    load = Load(
        load_id=manager.new_load_id(),
        identifier=None,
        model_key=resolution.name,
        kind=resolution.model.kind,
        fraction=0.0,
        started_at=manager.host_now(),
    )
    manager.apply(LoadStarted(load=load))
    task = manager.spawn(_poll(lock, load.load_id, manager))
    manager.loads[load.load_id] = task
    try:
        await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise LoadCancelledError(f"The load of {resolution.name!r} was cancelled.") from None
    finally:
        task.cancel()
        del manager.loads[load.load_id]
        manager.apply(LoadEnded(load_id=load.load_id))


async def _poll(lock: LoadLock, load_id: str, manager: Manager) -> None:
    joined, fraction = None, 0.0
    while not lock.take():
        progress = lock.progress()
        if progress is not None and progress.load_id != joined:
            joined, fraction = progress.load_id, 0.0
            if not joined.startswith(manager.activity.epoch):
                manager.apply(LoadJoined(load_id=load_id, joined=joined))
        if progress is not None and progress.fraction > fraction:
            fraction = progress.fraction
            manager.apply(LoadProgressed(load_id=load_id, fraction=fraction))
        await asyncio.sleep(LOOK_S)
