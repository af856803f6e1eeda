"""Carries out commands: one coroutine per command, chosen by its type."""

import asyncio
import contextlib
from functools import singledispatch

from msgspec.structs import replace as changed

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.deletion import Deleted
from lms_jupyter.manager import downloading, host_choices, keeping, loading, lookup
from lms_jupyter.manager.events import LoadCancelling, ModelsListed, ProblemDismissed
from lms_jupyter.manager.fitting_in import Fitted, fit_in
from lms_jupyter.manager.former import remember
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.lookup import LookedUp
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.restore import restore
from lms_jupyter.manager.setting_origins import origins
from lms_jupyter.manager.watch import connect, switch
from lms_jupyter.protocol.commands import (
    Attend,
    CancelDownload,
    CancelLoad,
    DeleteModel,
    DismissProblem,
    DownloadModel,
    EstimateLoad,
    FindDownloads,
    KeepInstance,
    ListHosts,
    ListProfiles,
    LoadAgain,
    PauseDownload,
    PinInstance,
    ReadDiary,
    Refresh,
    ReloadInstance,
    ResumeDownload,
    SaveProfile,
    SetTtl,
    SwitchHost,
    UnloadInstance,
    WakeStudio,
)
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Estimate, HostChoice, HostInfo, Instance
from lms_jupyter.protocol.replies import Diary, Found, Hosts, Profiles

__all__ = ["LoadResult", "run"]

MOST_LOADS = 200
LAST_REQUESTS = 20
"""In the answer to a page."""

Result = (
    LoadResult | Deleted | Estimate | Fitted | Instance | Found | Hosts | Profiles | Diary | None
)


@singledispatch
async def run(command: object, _manager: Manager) -> Result:
    """Carry out a command to the end, or raise an `LmsError`."""
    raise CommandError(f"Nothing knows how to run {command!r}.")


@run.register
async def load(request: LoadRequest, manager: Manager) -> LoadResult:
    """Get an instance; cancelling this coroutine calls a load off on the host."""
    if request.mode == "use":
        return await loading.carry_out(request, manager)
    resolution = await lookup.model_exactly(request.model_key, manager)
    found = LookedUp(resolution=resolution, instances=await lookup.instances(manager))
    return await loading.carry_out(request, manager, found)


@run.register
async def unload(command: UnloadInstance, manager: Manager) -> Instance:
    """End an instance. The host is asked which one it is: our picture may be old."""
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    manager.unloaded.keep(await remember(instance, manager.connected_host, manager.own))
    if command.forget:
        _check_feature("forget", "forget what models have read", manager.connected_host.info)
    await loading.end(instance, manager, "forgotten" if command.forget else "unloaded")
    return instance


@run.register
async def load_again(command: LoadAgain, manager: Manager) -> LoadResult:
    """Bring back what was unloaded, as it was."""
    return await restore(manager.unloaded.take(command.instance_reference), manager, "new")


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
    _check_feature("ttl", "change the TTL of a loaded instance", manager.connected_host.info)
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    await manager.connected_host.set_ttl(instance, command.ttl_s)
    manager.wake.set()


@run.register
async def reload(command: ReloadInstance, manager: Manager) -> LoadResult:
    """Load an instance again as it is, with another TTL."""
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    return await loading.renew(instance, command.ttl_s, manager)


@run.register
async def pin(command: PinInstance, manager: Manager) -> None:
    """Pin an instance or let it go, where the host can."""
    _check_feature("pin", "pin an instance", manager.connected_host.info)
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    await manager.connected_host.pin(instance, pinned=command.pinned)
    manager.wake.set()


@run.register
async def keep(command: KeepInstance, manager: Manager) -> None:
    """Keep an instance besides its TTL, or let it go, as far as the host can."""
    instance = await lookup.instance(command.identifier, manager, command.instance_reference)
    await keeping.change(instance, command.keep, manager)


@run.register
async def estimate(command: EstimateLoad, manager: Manager) -> Estimate | Fitted:
    """Ask the host what a load would take, and with which context it would fit."""
    found = await lookup.model_exactly(command.model_key, manager)
    model = changed(found.model, model_key=found.name)
    if command.device is not None:
        model = changed(model, device=lookup.device(command.device, manager) or None)
    lookup.check_config(command.config, model, manager.activity)
    if command.fit is not None:
        request = LoadRequest(
            model_key=found.name, config=command.config, fit=command.fit, device=command.device
        )
        _, fitted = await fit_in(request, found, manager.connected_host)
        if fitted is not None:
            return fitted
    return await manager.connected_host.estimate(model, command.config)


@run.register
async def delete(command: DeleteModel, manager: Manager) -> Deleted:
    """Take a model off the disk of the host, where the host can."""
    host = manager.activity.host
    if "deleteModel" not in manager.connected_host.info.features:
        raise CommandError(
            f"{host.title} deletes no model for others.",
            hint="Delete it there: in LM Studio, under My Models.",
        )
    found = await lookup.model_exactly(command.model_key, manager)
    if (place := found.model.device_name or found.model.device) is not None:
        raise CommandError(
            f"{found.name} lies on the disk of {place}.", hint="Delete it on that machine."
        )
    deleted = await manager.connected_host.delete_model(found.name, permanently=command.permanently)
    await lookup.models(manager)
    return deleted


@run.register
async def download(command: DownloadModel, manager: Manager) -> None:
    """Fetch a model to the host's disk."""
    await downloading.begin(
        command.name, command.quantization, manager, bytes_per_second=command.bytes_per_second
    )


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
    idle = await host_choices.idle_gpu(manager.activity, manager.collaborators.look_for_idle_gpu)
    if manager.collaborators.discover_hosts is None:
        return Hosts(hosts=(current,), idle_gpu=idle)
    known = [address for address in (current.address, *sorted(manager.selectable_hosts)) if address]
    found = await manager.collaborators.discover_hosts(known)
    manager.selectable_hosts.update(choice.address for choice in found)
    others = (choice for choice in found if choice.address != current.address)
    return Hosts(hosts=(current, *others), idle_gpu=idle)


@run.register
async def switch_host(command: SwitchHost, manager: Manager) -> None:
    """Go over to a host that was named to a page; no other address is asked from there."""
    if command.address not in manager.selectable_hosts:
        raise CommandError(
            f"{command.address} is not among the hosts to choose from.",
            hint="`%lms host` takes any address.",
        )
    await switch(command.address, manager)


@run.register
async def wake_studio(_command: WakeStudio, manager: Manager) -> None:
    """Start the LM Studio that does not run; the watch finds it then."""
    if manager.host or manager.collaborators.wake_studio is None:
        raise CommandError(
            "The host of this page was named, so no LM Studio is started for it.",
            hint="Start it where it is, or use another: %lms host auto",
        )
    await manager.collaborators.wake_studio()
    manager.wake.set()


@run.register
async def read_diary(command: ReadDiary, manager: Manager) -> Diary:
    """Say what was in memory, or how it stands with one instance."""
    reference = command.instance_reference
    if reference is None:
        return Diary(loads=(await manager.diary.loads(command.since))[:MOST_LOADS])
    known = {instance.instance_reference: instance for instance in manager.activity.instances}
    page = Diary()
    # Its settings are told also where no diary is kept.
    with contextlib.suppress(CommandError):
        page = Diary(requests=await manager.diary.requests(reference, LAST_REQUESTS))
    if (instance := known.get(reference)) is None:
        return page
    config = await manager.connected_host.load_config(instance)
    asked, sources = manager.own.get(reference), manager.sources.get(reference, {})
    return changed(page, settings=origins(config, asked, instance, sources))


@run.register
async def list_profiles(_command: ListProfiles, manager: Manager) -> Profiles:
    """Say which load settings have a name."""
    if manager.collaborators.profiles is None:
        return Profiles(profiles=None)
    shelf = manager.collaborators.profiles
    profiles, presets = await asyncio.to_thread(lambda: (shelf.read(), shelf.presets()))
    return Profiles(profiles=profiles, presets=presets)


@run.register
async def save_profile(command: SaveProfile, manager: Manager) -> None:
    """Give load settings a name."""
    if manager.collaborators.profiles is None:
        raise CommandError("There is no place for profiles here.")
    await asyncio.to_thread(manager.collaborators.profiles.save, command.profile)


@run.register
async def dismiss(command: DismissProblem, manager: Manager) -> None:
    """Take a problem off the list."""
    manager.apply(ProblemDismissed(problem_id=command.problem_id))


@run.register
async def attend(command: Attend, manager: Manager) -> None:
    """Take note that somebody looks, and look with them."""
    manager.viewers.note(command.viewer, visible=command.visible)
    if command.visible:
        manager.wake.set()


@run.register
async def refresh(_command: Refresh, manager: Manager) -> None:
    """Read the host now, the disk included; if there is none, look for one."""
    await connect(manager)
    manager.apply(ModelsListed(models=await manager.connected_host.models()))
    await lookup.instances(manager)


def _check_feature(feature: str, what: str, host: HostInfo) -> None:
    if feature not in host.features:
        raise CommandError(f"{host.name} cannot {what}.", hint="The embedded engine can.")
