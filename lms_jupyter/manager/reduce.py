"""(slices, event) → slices. Pure: what an event means is written here and nowhere else."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, assert_never

from msgspec import Struct
from msgspec.structs import asdict, replace

from lms_jupyter.hosts.base import Snapshot
from lms_jupyter.manager.events import (
    CommandFailed,
    DownloadEnded,
    DownloadMoved,
    DownloadStarted,
    DownloadStopped,
    Event,
    HostConnected,
    HostLost,
    InstanceCompared,
    InstanceLoaded,
    InstanceUnloaded,
    LoadCancelling,
    LoadEnded,
    LoadJoined,
    LoadProgressed,
    LoadStarted,
    MemoryGivenBack,
    ModelsListed,
    Ownership,
    Polled,
    ProblemDismissed,
)
from lms_jupyter.manager.gpu_users import named
from lms_jupyter.manager.steady_memory import is_steady
from lms_jupyter.protocol.models import Download, Instance
from lms_jupyter.protocol.slices import Activity, Catalog

PROBLEMS_KEPT = 20

SliceT = TypeVar("SliceT", Catalog, Activity)
Thing = TypeVar("Thing")


class State(Struct, frozen=True, kw_only=True):
    """Both slices, and what is in neither."""

    catalog: Catalog
    activity: Activity
    joined: Mapping[str, str] = {}
    """Loads of ours that wait for another's, and which: those are not shown twice."""


def reduce(state: State, event: Event) -> State:
    """Fold one event into the slices; a slice that changed counts a new revision."""
    if isinstance(event, ModelsListed):
        catalog = replace(state.catalog, models=event.models)
        return replace(state, catalog=_counted(state.catalog, catalog))
    joined = _joined(state.joined, event)
    activity = _without(joined.values(), _activity(state.activity, event))
    return replace(state, joined=joined, activity=_counted(state.activity, activity))


def _joined(known: Mapping[str, str], event: Event) -> Mapping[str, str]:
    """Say which of our loads wait for another's now."""
    match event:
        case LoadJoined(load_id=load_id, joined=str(joined)):
            return {**known, load_id: joined}
        case LoadJoined(load_id=load_id) | LoadEnded(load_id=load_id):
            return {ours: other for ours, other in known.items() if ours != load_id}
        case _:
            return known


def _without(load_ids: Iterable[str], known: Activity) -> Activity:
    """Leave out the loads that one of ours stands for."""
    hidden = set(load_ids)
    if not hidden:
        return known
    loads = tuple(load for load in known.loads if load.load_id not in hidden)
    return replace(known, loads=loads)


def _activity(known: Activity, event: Event) -> Activity:
    """Say what an event means for the activity, one line a kind of event."""
    match event:
        case HostConnected(info=info, at=at):
            known = replace(known, now=at, host=replace(info, link="connected", link_since=at))
        case HostLost(at=at, retry_at=retry_at, asleep=asleep):
            since = known.host.link_since if known.host.link == "lost" else at
            state = {"link": "lost", "link_since": since, "retry_at": retry_at, "asleep": asleep}
            known = replace(known, host=replace(known.host, **state))
        case Polled(snapshot=snapshot, ownership=ownership, kernels=kernels):
            known = known if snapshot is None else _with_snapshot(known, snapshot)
            if known.memory is not None:
                known = replace(known, memory=named(known.memory, kernels))
            if ownership is not None:
                instances = (_owned(instance, ownership) for instance in known.instances)
                known = replace(known, instances=tuple(instances))
        case LoadStarted(load=load):
            known = replace(known, loads=(*known.loads, load))
        case LoadProgressed(load_id=load_id, fraction=fraction):
            known = _with_load(known, load_id, fraction=fraction)
        case LoadCancelling(load_id=load_id):
            known = _with_load(known, load_id, cancelling=True)
        case LoadEnded(load_id=load_id):
            known = replace(known, loads=_but(known.loads, load_id=load_id))
        case InstanceLoaded(instance=instance):
            # Other devices have identifiers of their own.
            name = (instance.identifier, instance.device)
            others = tuple(i for i in known.instances if (i.identifier, i.device) != name)
            known = replace(known, instances=(*others, replace(instance, mine=True)))
        case InstanceCompared(instance_reference=reference, differences=differences):
            known = _with_instance(known, reference, differences=differences)
        case InstanceUnloaded(instance_reference=reference):
            left = _but(known.instances, instance_reference=reference)
            known = replace(known, instances=left)
        case DownloadStarted(download=download):
            rows = _but(known.downloads, download_id=download.download_id)
            known = replace(known, downloads=(*rows, _going_on(download, known)))
        case DownloadMoved(download_id=download_id, step=step):
            known = _with_download(known, download_id, **asdict(step))
        case DownloadStopped(download_id=download_id, state=state, problem=problem):
            changes = {"state": state, "problem": problem, "bytes_per_second": 0.0}
            known = _with_download(known, download_id, **changes)
        case DownloadEnded(download_id=download_id):
            known = replace(known, downloads=_but(known.downloads, download_id=download_id))
        case CommandFailed(problem=problem) | MemoryGivenBack(problem=problem):
            known = replace(known, problems=(*known.problems, problem)[-PROBLEMS_KEPT:])
        case ProblemDismissed(problem_id=problem_id):
            known = replace(known, problems=_but(known.problems, problem_id=problem_id))
        case LoadJoined() | ModelsListed():
            pass
        case _:
            assert_never(event)
    return known


def _with_snapshot(known: Activity, snapshot: Snapshot) -> Activity:
    """Take over what the host sees; our own loads and instances we know better than it does.

    Our loads are recognised by their number, which begins with the epoch: a snapshot that was taken
    before one of them ended must not bring it back.
    """
    before = {instance.instance_reference: instance for instance in known.instances}
    own = tuple(load for load in known.loads if load.load_id.startswith(known.epoch))
    cancelling = {load.load_id for load in known.loads if load.cancelling}
    foreign = (
        replace(load, cancelling=load.load_id in cancelling)
        for load in snapshot.loads
        if not load.load_id.startswith(known.epoch)
    )
    return replace(
        known,
        instances=tuple(_recognised(instance, before) for instance in snapshot.instances),
        loads=(*own, *foreign),
        memory=snapshot.memory,
        lm_link=snapshot.lm_link,
        now=snapshot.now,
    )


def _recognised(seen: Instance, before: Mapping[str, Instance]) -> Instance:
    """Keep what only we know of an instance that was there before."""
    known = before.get(seen.instance_reference)
    if known is None:
        return seen
    return replace(
        seen,
        owner=seen.owner or known.owner,
        users=known.users,
        mine=known.mine,
        differences=known.differences,
    )


def _owned(instance: Instance, learned: Ownership) -> Instance:
    reference = instance.instance_reference
    return replace(
        instance,
        owner=instance.owner or learned.owners.get(reference),
        users=learned.users.get(reference, ()),
        mine=instance.mine or reference in learned.mine,
    )


def _with_instance(known: Activity, reference: str, **changes: Any) -> Activity:
    instances = (
        replace(instance, **changes) if instance.instance_reference == reference else instance
        for instance in known.instances
    )
    return replace(known, instances=tuple(instances))


def _with_load(known: Activity, load_id: str, **changes: Any) -> Activity:
    loads = (replace(load, **changes) if load.load_id == load_id else load for load in known.loads)
    return replace(known, loads=tuple(loads))


def _going_on(download: Download, known: Activity) -> Download:
    """Begin where the download was left, if it was there before."""
    before = (row for row in known.downloads if row.download_id == download.download_id)
    return replace(download, downloaded_bytes=next((row.downloaded_bytes for row in before), 0))


def _with_download(known: Activity, download_id: str, **changes: Any) -> Activity:
    downloads = (
        replace(row, **changes) if row.download_id == download_id else row
        for row in known.downloads
    )
    return replace(known, downloads=tuple(downloads))


def _but(things: Iterable[Thing], **named: str) -> tuple[Thing, ...]:
    """Return all of the things but the one with this name."""
    ((field, name),) = named.items()
    return tuple(thing for thing in things if getattr(thing, field) != name)


def _counted(known: SliceT, new: SliceT) -> SliceT:
    """Count a revision if anything but the clock is different; else keep the slice we have."""
    if isinstance(new, Activity) and isinstance(known, Activity):
        memory = known.memory if is_steady(known.memory, new.memory) else new.memory
        same = replace(new, now=known.now, memory=memory) == known
    else:
        same = new == known
    return known if same else replace(new, revision=known.revision + 1)
