"""Asks the host, and not our picture of it, before something is changed."""

from collections.abc import Sequence

from msgspec import Struct

from lms_jupyter.errors import (
    AmbiguousInstanceError,
    CommandError,
    InstanceNotFoundError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.base import Departure
from lms_jupyter.manager import names
from lms_jupyter.manager.departures import Use
from lms_jupyter.manager.events import ModelsListed
from lms_jupyter.manager.manager import Manager
from lms_jupyter.manager.owners import apply_snapshot
from lms_jupyter.manager.resolve import Resolution, on_several_devices, resolve
from lms_jupyter.protocol.fitting import settled, unknown
from lms_jupyter.protocol.gpu_settings import objection
from lms_jupyter.protocol.loads import LOCAL
from lms_jupyter.protocol.models import Instance, LoadConfig, Model
from lms_jupyter.protocol.slices import Activity

GPU_HINT = "`%lms status` numbers the GPUs; `%lms load --help` explains each flag."


class LookedUp(Struct, frozen=True, kw_only=True):
    """What a name stands for, and what was in memory when that was found out."""

    resolution: Resolution
    instances: tuple[Instance, ...]


async def look_up(
    name: str,
    manager: Manager,
    *,
    on: str | None = None,
    first: bool = False,
    exact: bool = False,
) -> LookedUp:
    """Find a model or an instance by a name, on the host as it is now.

    Args:
        name: What somebody wrote.
        manager: Whose host is asked.
        on: The device of an instance, however it is named; `None`: any. `LOCAL` leaves the
            models of other devices out as well.
        first: Take the best of several fuzzy matches.
        exact: The name is a path, to the letter.

    Raises:
        ModelNotFoundError: Nothing is called like this.
        AmbiguousModelError: It is no name, and several models look like it.
    """
    on_disk, in_memory = await models(manager), await instances(manager)
    if on == LOCAL:
        on_disk = tuple(model for model in on_disk if model.device is None)
    place = device(on, manager)
    known = tuple(instance for instance in in_memory if is_on(place, instance))
    resolution = resolve(name, on_disk, known, first=first, exact=exact)
    return LookedUp(resolution=resolution, instances=in_memory)


async def look_up_named(name: str, manager: Manager) -> LookedUp:
    """Find what is called so, and nothing that only looks like it.

    Raises:
        ModelNotFoundError: Nothing is called exactly like this.
    """
    found = await look_up(name, manager)
    _check_named(found.resolution, name, manager.catalog.models)
    return found


async def model_exactly(model_key: str, manager: Manager) -> Resolution:
    """Find a model by key, variant or path: what a button names is never guessed at.

    Raises:
        ModelNotFoundError: Nothing is called exactly like this.
    """
    on_disk = await models(manager)
    resolution = resolve(model_key, on_disk, first=True)
    _check_named(resolution, model_key, on_disk)
    return resolution


def _check_named(resolution: Resolution, name: str, on_disk: Sequence[Model]) -> None:
    """Refuse what only looks like a name: another model than the one that was there."""
    if resolution.how in ("fuzzy", "first"):
        raise ModelNotFoundError(name, [model.model_key for model in on_disk])


async def models(manager: Manager) -> tuple[Model, ...]:
    """Read what is on the host's disk."""
    found = await manager.connected_host.models()
    manager.apply(ModelsListed(models=found))
    return found


async def instances(manager: Manager) -> tuple[Instance, ...]:
    """Read what is in the host's memory."""
    snapshot = await manager.connected_host.poll()
    apply_snapshot(snapshot, manager)
    return snapshot.instances


async def named(name: str, manager: Manager, on: str | None = None) -> Instance:
    """Find the instance that somebody means by any form of its name, or of its model's.

    Args:
        name: What somebody calls it.
        manager: Whose host it is on.
        on: The device that it is on, however it is named; `None`: any.

    Raises:
        AmbiguousInstanceError: There are several.
        InstanceNotFoundError: There is none.
        CommandError: Several devices have it, or nothing is in memory on the one that is named.
    """
    return pick(name, await instances_on(on, manager))


async def all_named(name: str, manager: Manager, on: str | None = None) -> tuple[Instance, ...]:
    """Find what somebody means as `named` does; by their one name, all replicas of a load."""
    return pick_all(name, await instances_on(on, manager))


async def instances_on(on: str | None, manager: Manager) -> tuple[Instance, ...]:
    """Read what is in the host's memory, on one device alone if one is named.

    Raises:
        CommandError: Nothing is in memory there.
    """
    known = await instances(manager)
    place = device(on, manager)
    found = tuple(instance for instance in known if is_on(place, instance))
    if on is not None and not found:
        devices = ", ".join(
            sorted({instance.device_name or instance.device or "Local" for instance in known})
        )
        raise CommandError(
            f"Nothing is in memory on device {on!r}.",
            hint=f"Instances are on: {devices}." if devices else "`%lms load KEY` loads a model.",
        )
    return found


def device(named: str | None, manager: Manager) -> str | None:
    """Return which device of the LM Link is named: by its identifier, or as DEVICE shows it.

    What nobody knows is the host's to refuse.

    Raises:
        CommandError: Several devices are called like this.
    """
    known: tuple[Model | Instance, ...] = (*manager.catalog.models, *manager.activity.instances)
    if not named or any(item.device == named for item in known):
        return named
    wanted = named.casefold()
    found = {item.device for item in known if (item.device_name or "").casefold() == wanted}
    if len(found) > 1:
        raise CommandError(
            f"There are {len(found)} devices called {named!r}.",
            hint=f"Name one by its identifier: {' or '.join(sorted(map(str, found)))}.",
        )
    if found:
        return found.pop()
    return LOCAL if wanted == "local" else named


def is_on(device: str | None, thing: Instance) -> bool:
    """Whether an instance is on a device; `LOCAL` is the host itself, `None` any."""
    return device is None or (device or None) == thing.device


def pick(name: str, known: Sequence[Instance]) -> Instance:
    """Find the instance that is meant among those that are known; see `named`."""
    return choose(_identifier(name, known), known)


def pick_all(name: str, known: Sequence[Instance]) -> tuple[Instance, ...]:
    """Find what is meant among those that are known; see `all_named`."""
    identifier = _identifier(name, known)
    # Of one identifier several devices may have an instance.
    called = tuple(instance for instance in known if instance.identifier == identifier)
    if all(instance.replica for instance in called):
        return called
    return (choose(identifier, known),)


def _identifier(name: str, known: Sequence[Instance]) -> str:
    found = names.named(name, known)
    if len({instance.identifier for instance in found}) > 1:
        raise AmbiguousInstanceError(name, [instance.identifier for instance in found])
    if not found:
        raise InstanceNotFoundError(name, [instance.identifier for instance in known])
    return found[0].identifier


async def instance(
    identifier: str, manager: Manager, instance_reference: str | None = None
) -> Instance:
    """Find an instance to the letter: what a button names is not guessed at; see `choose`."""
    return choose(identifier, await instances(manager), instance_reference)


def choose(
    identifier: str,
    known: Sequence[Instance],
    instance_reference: str | None = None,
    device: str | None = "any",
) -> Instance:
    """Return the instance that is meant: by its reference, else by its name.

    Args:
        identifier: What it is called.
        known: What is in memory.
        instance_reference: Which one exactly; another of the same name is not taken instead.
        device: On which machine of an LM Link; `None` is the host itself.

    Raises:
        InstanceNotFoundError: No instance is called like this.
        CommandError: Several are, on as many devices.
    """
    if instance_reference is not None:
        found = [
            instance for instance in known if instance.instance_reference == instance_reference
        ]
    else:
        found = [
            instance
            for instance in known
            if instance.identifier == identifier and device in ("any", instance.device)
        ]
    if not found:
        raise InstanceNotFoundError(identifier, [instance.identifier for instance in known])
    if len(found) > 1:
        raise on_several_devices(identifier, found)
    return found[0]


async def why_gone(use: Use, manager: Manager) -> Departure | None:
    """Say why an instance is gone, `None` if nothing speaks against bringing it back."""
    reference = use.instance_reference
    await instances(manager)
    noted = manager.departures.noted(reference)
    if noted is None and manager.leases is not None:
        noted = manager.leases.departures.read(reference)
    if noted is not None:
        return noted
    host = manager.connected_host
    if "departures" in host.info.features:
        return await host.departure(reference)
    return manager.departures.inferred(use)


def check_ttl(ttl_s: float | None) -> None:
    """Refuse a TTL that makes no sense."""
    if ttl_s is not None and not ttl_s >= 1:
        raise CommandError(
            f"A TTL of {ttl_s:g} s makes no sense.",
            hint="Give at least 1 second, or no TTL at all to keep it until it is unloaded.",
        )


def check_config(config: LoadConfig, model: Model, activity: Activity) -> None:
    """Refuse before anything is attempted what the model or the host's machine cannot do."""
    memory = activity.memory
    # The GPUs of another machine on the LM Link are not those that the host tells of.
    gpus = None if memory is None or model.device is not None else memory.gpus
    if (wrong := objection(config, gpus)) is not None:
        raise CommandError(wrong, hint=GPU_HINT)
    host = activity.host
    for setting, why in unknown(settled(config), model.format, host):
        raise CommandError(
            f"{host.title} has no setting {setting.name} for {model.model_key}: {why}.",
            hint=f"Leave {setting.flags[-1]} out, or the line {setting.name} of the profile.",
        )
    length = config.context_length
    if length is not None and not 1 <= length <= model.max_context_length:
        raise CommandError(
            f"{model.model_key} has a context of at most {model.max_context_length:,} tokens, "
            f"not {length:,}.",
            hint=f"Ask for a context length from 1 to {model.max_context_length}.",
        )
    if model.kind == "embedding" and (config.draft_model or config.draft_mtp):
        raise CommandError(
            f"{model.model_key} is an embedding model: there is nothing to draft.",
            hint="Speculative decoding is for LLMs.",
        )
