"""What is on the disk and in memory, as tables that know what `ps` adds."""

import asyncio
from collections.abc import Iterable

import lms_jupyter.api.cards  # noqa: F401 - lets each row show itself
from lms_jupyter.api.draw import (
    compact,
    draw_instances,
    draw_variants,
    model_fields,
    table_of_models,
)
from lms_jupyter.api.tables import Table
from lms_jupyter.api.users import waiting_lines, whose
from lms_jupyter.errors import CommandError, LmsError, ModelNotFoundError
from lms_jupyter.hosts.base import Host
from lms_jupyter.manager import Manager, lookup, names
from lms_jupyter.protocol.models import Instance, Model

KINDS = ("llm", "embedding")
PATIENCE_S = 1.0
"""How long a table waits for a column that a host may leave open."""
SILENT_S = 0.2
"""The same about an instance whose status it has left open as well."""


async def models(manager: Manager, kinds: tuple[str, ...] = KINDS) -> Table[Model]:
    """List what is downloaded, by key."""
    found = await lookup.models(manager)
    loaded = await lookup.instances(manager)
    return table_of_models([model for model in found if model.kind in kinds], loaded)


async def variants(
    manager: Manager, model_key: str | None = None, kinds: tuple[str, ...] = KINDS
) -> tuple[Table[Model], str]:
    """List the variants of one model or of all, and the same as the CLI's JSON.

    Raises:
        ModelNotFoundError: There is no such model.
        CommandError: The model has no variants.
    """
    known = await lookup.models(manager)
    loaded = await lookup.instances(manager)
    bases = [m for m in known if m.kind in kinds]
    if model_key is not None:
        bases = names.closest(model_key, bases, lambda model: model)
    if model_key is not None and not bases:
        raise ModelNotFoundError(model_key, [model.model_key for model in known])
    host = manager.connected_host
    found = {base.model_key: await host.variants(base) for base in bases if base.variants}
    if model_key is not None and not found:
        raise CommandError(f"{model_key} has no variants: there is one file of it.")
    rows = [variant for several in found.values() for variant in several]
    table = Table(rows, lambda _: draw_variants(bases, found, loaded, heads=model_key is None))
    if model_key is not None:
        return table, compact([model_fields(variant) for variant in rows])
    grouped = [
        {"model": model_fields(base), "variants": [model_fields(v) for v in found[base.model_key]]}
        for base in bases
        if base.model_key in found
    ]
    return table, compact(grouped)


async def instances(manager: Manager) -> Table[Instance]:
    """List what is in memory, with what it can do at once and whose it is."""
    found = await lookup.instances(manager)
    slots = await parallel(manager.connected_host, found)
    owners, note = owners_of(manager, found)
    note = "\n\n".join(filter(None, (note, waiting_note(found), warm_note(found))))
    return Table(found, lambda rows: draw_instances(rows, manager.host_now(), slots, owners, note))


async def parallel(host: Host, found: tuple[Instance, ...]) -> dict[str, int | None]:
    """Ask how many requests each LLM serves at once; `None` where no answer comes soon."""

    async def ask(instance: Instance) -> int | None:
        if instance.kind != "llm":
            return None
        try:
            async with asyncio.timeout(SILENT_S if instance.status == "unknown" else PATIENCE_S):
                return (await host.load_config(instance)).parallel
        except (LmsError, TimeoutError):
            # It went between two questions, or the host does not say.
            return None

    answers = await asyncio.gather(*map(ask, found))
    return {
        instance.instance_reference: answer for instance, answer in zip(found, answers, strict=True)
    }


def warm_note(found: Iterable[Instance]) -> str:
    """Say which instances began with prompts that one before them had read."""
    warm = [f"{i.identifier} {i.warm_tokens:,} tokens" for i in found if i.warm_tokens]
    return f"Warm, kept of prompts that were read before: {', '.join(warm)}." if warm else ""


def waiting_note(found: Iterable[Instance]) -> str:
    """Say which users wait for which, at which instances."""
    return "\n".join(f"{i.identifier}: {line}." for i in found for line in waiting_lines(i))


def owners_of(manager: Manager, found: tuple[Instance, ...]) -> tuple[dict[str, str], str]:
    """Say whose each instance is, and what happens to it when its owner goes."""
    by_reference = {instance.instance_reference: instance for instance in found}
    owners = {
        reference: named
        for reference, instance in by_reference.items()
        if (named := whose(instance, instance.owner))
    }
    book = manager.leases
    if book is None:
        return owners, ""
    leases = book.of(manager.activity.host.address)
    for lease in leases:
        instance = by_reference.get(lease.instance_reference)
        if lease.loaded and instance is not None:
            owners[lease.instance_reference] = whose(instance, lease.holder.label)
    leased = any(lease.expires and lease.instance_reference in by_reference for lease in leases)
    if leased and not book.is_watched:
        return owners, "Nothing here outlives a kernel: an instance ends by its TTL alone."
    return owners, ""
