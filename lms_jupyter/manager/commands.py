"""Carries out commands: one coroutine per command, chosen by its type."""

import asyncio
from functools import singledispatch

from msgspec.structs import replace as changed

from lms_jupyter.errors import CommandError, ModelNotFoundError
from lms_jupyter.hosts.base import LOCAL
from lms_jupyter.manager import downloading, loading, lookup
from lms_jupyter.manager.events import LoadCancelling, Looked, ModelsListed, ProblemDismissed
from lms_jupyter.manager.loading import Order, Outcome
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.resolve import Meant, resolve
from lms_jupyter.manager.turns import is_under_way
from lms_jupyter.manager.watch import connect, switch
from lms_jupyter.protocol.commands import (
    Attend,
    CancelDownload,
    CancelLoad,
    DismissProblem,
    DownloadModel,
    EnsureModel,
    EstimateLoad,
    FindDownloads,
    ListHosts,
    ListProfiles,
    LoadAgain,
    LoadModel,
    PauseDownload,
    PinInstance,
    Refresh,
    ReloadInstance,
    ResumeDownload,
    SaveProfile,
    SetTtl,
    SwitchHost,
    UnloadInstance,
    UseModel,
)
from lms_jupyter.protocol.models import Estimate, HostChoice, Instance
from lms_jupyter.protocol.replies import Found, Hosts, Profiles

__all__ = ["Outcome", "run"]

Result = Outcome | Estimate | Instance | Found | Hosts | Profiles | None


@singledispatch
async def run(command: object, _manager: Manager) -> Result:
    """Carry out a command to the end, or raise an `LmsError`."""
    raise CommandError(f"Nothing knows how to run {command!r}.")


@run.register
async def load(command: LoadModel, manager: Manager) -> Outcome:
    """Make a new instance, or join the load of the model that is under way already.

    Cancelling this coroutine calls the load off on the host.
    """
    meant = await _exactly(command.model_key, manager)
    await lookup.instances(manager)
    order = Order(
        name=command.model_key,
        how="ensure" if is_under_way(meant, manager) else "new",
        identifier=command.identifier,
        ttl_s=command.ttl_s,
        config=command.config,
    )
    return await loading.carry_out(order, manager, meant)


@run.register
async def ensure(command: EnsureModel, manager: Manager) -> Outcome:
    """Use the instance that fits; load one if there is none; reload one of ours that differs."""
    order = Order(
        name=command.model_key,
        how="ensure",
        identifier=command.identifier,
        ttl_s=command.ttl_s,
        config=command.config,
    )
    return await loading.carry_out(order, manager, await _exactly(command.model_key, manager))


@run.register
async def use(command: UseModel, manager: Manager) -> Outcome:
    """Use what is in memory under a name, else load it."""
    order = Order(name=command.name, how="use", ttl_s=command.ttl_s, config=command.config)
    return await loading.carry_out(order, manager)


@run.register
async def unload(command: UnloadInstance, manager: Manager) -> Instance:
    """End an instance. The host is asked which one it is: our picture may be old."""
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    asked = manager.own.get(instance.instance_reference)
    await manager.unloaded.note(instance, manager.connected_host, asked)
    await loading.end(instance, manager)
    return instance


@run.register
async def load_again(command: LoadAgain, manager: Manager) -> Outcome:
    """Bring back what was unloaded, as it was."""
    before = manager.unloaded.take(command.instance_reference)
    instance = before.instance
    order = Order(
        name=instance.model_key,
        how="new",
        identifier=instance.identifier,
        ttl_s=instance.ttl_s,
        config=before.config,
        device=instance.device or LOCAL,
    )
    meant = await _exactly(instance.model_key, manager)
    outcome = await loading.carry_out(order, manager, meant)
    if instance.pinned:
        await manager.connected_host.pin(outcome.instance, pinned=True)
    return outcome


@run.register
async def cancel_load(command: CancelLoad, manager: Manager) -> None:
    """Call off a load: ours by ending its task, another client's through the host."""
    manager.apply(LoadCancelling(load_id=command.load_id))
    if (task := manager.loads.get(command.load_id)) is not None:
        task.cancel()
    elif "cancelLoad" in manager.connected_host.info.features:
        await manager.connected_host.cancel_load(command.load_id)
    else:
        raise CommandError(
            "This load was begun elsewhere, and the host cannot stop it from here.",
            hint="Cancel it where it was started.",
        )


@run.register
async def set_ttl(command: SetTtl, manager: Manager) -> None:
    """Give an instance another TTL, where the host can."""
    lookup.check_ttl(command.ttl_s)
    _check_feature("ttl", "change the TTL of a loaded instance", manager)
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    await manager.connected_host.set_ttl(instance, command.ttl_s)
    manager.wake.set()


@run.register
async def reload(command: ReloadInstance, manager: Manager) -> Outcome:
    """Load an instance again as it is, with another TTL."""
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    return await loading.renew(instance, command.ttl_s, manager)


@run.register
async def pin(command: PinInstance, manager: Manager) -> None:
    """Pin an instance or let it go, where the host can."""
    _check_feature("pin", "pin an instance", manager)
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    await manager.connected_host.pin(instance, pinned=command.pinned)
    manager.wake.set()


@run.register
async def estimate(command: EstimateLoad, manager: Manager) -> Estimate:
    """Ask the host what a load would take."""
    meant = await _exactly(command.model_key, manager)
    model = changed(meant.model, model_key=meant.name)
    return await manager.connected_host.estimate(model, command.config)


@run.register
async def download(command: DownloadModel, manager: Manager) -> None:
    """Fetch a model to the host's disk."""
    await downloading.begin(command.name, command.quantization, manager)


@run.register
async def pause_download(command: PauseDownload, manager: Manager) -> None:
    """Stop a download and keep what is there."""
    await downloading.pause(command.download_id, manager)


@run.register
async def resume_download(command: ResumeDownload, manager: Manager) -> None:
    """Go on with a download."""
    await downloading.resume(command.download_id, manager)


@run.register
async def cancel_download(command: CancelDownload, manager: Manager) -> None:
    """Call a download off."""
    await downloading.cancel(command.download_id, manager)


@run.register
async def find_downloads(command: FindDownloads, manager: Manager) -> Found:
    """Say what could be fetched."""
    return await downloading.find(command.words, manager.connected_host)


@run.register
async def list_hosts(_command: ListHosts, manager: Manager) -> Hosts:
    """Say which hosts answer; the one that we have is among them, whether it answers or not."""
    host = manager.activity.host
    current = HostChoice(address=host.address, name=host.name, version=host.version)
    if manager.neighbours is None:
        return Hosts(hosts=(current,))
    known = [address for address in (current.address, *sorted(manager.offered)) if address]
    found = await manager.neighbours(known)
    manager.offered.update(choice.address for choice in found)
    others = (choice for choice in found if choice.address != current.address)
    return Hosts(hosts=(current, *others))


@run.register
async def switch_host(command: SwitchHost, manager: Manager) -> None:
    """Go over to a host that was named to a page; no other address is asked from there."""
    if command.address not in manager.offered:
        raise CommandError(
            f"{command.address} is not among the hosts to choose from.",
            hint="`%lms host` takes any address.",
        )
    await switch(command.address, manager)


@run.register
async def list_profiles(_command: ListProfiles, manager: Manager) -> Profiles:
    """Say which load settings have a name."""
    if manager.profiles is None:
        return Profiles(profiles=None)
    return Profiles(profiles=await asyncio.to_thread(manager.profiles.read))


@run.register
async def save_profile(command: SaveProfile, manager: Manager) -> None:
    """Give load settings a name."""
    if manager.profiles is None:
        raise CommandError("There is no place for profiles here.")
    await asyncio.to_thread(manager.profiles.save, command.profile)


@run.register
async def dismiss(command: DismissProblem, manager: Manager) -> None:
    """Take a problem off the list."""
    manager.apply(ProblemDismissed(problem_id=command.problem_id))


@run.register
async def attend(command: Attend, manager: Manager) -> None:
    """Take note that somebody looks, and look with them."""
    manager.attendance.note(command.viewer, visible=command.visible)
    if command.visible:
        manager.wake.set()


@run.register
async def refresh(_command: Refresh, manager: Manager) -> None:
    """Read the host now, the disk included; if there is none, look for one."""
    await connect(manager)
    manager.apply(ModelsListed(models=await manager.connected_host.models()))
    manager.apply(Looked(sight=await manager.connected_host.look()))


async def _exactly(model_key: str, manager: Manager) -> Meant:
    """Find a model by key, variant or path: what a button names is never guessed at."""
    models = await lookup.models(manager)
    meant = resolve(model_key, models, first=True)
    if meant.how in ("fuzzy", "first"):
        raise ModelNotFoundError(model_key, [model.model_key for model in models])
    return meant


def _check_feature(feature: str, what: str, manager: Manager) -> None:
    host = manager.connected_host
    if feature not in host.info.features:
        raise CommandError(
            f"{manager.activity.host.name} cannot {what}.", hint="The embedded engine can."
        )
