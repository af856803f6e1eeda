"""What `ls`, `ps` and `status` show, in the columns of the CLI."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_jupyter.api import pools
from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput, Table, count
from lms_jupyter.hosts.base import LogEntry
from lms_jupyter.protocol.models import Instance, Model
from lms_jupyter.protocol.slices import Activity

ARCHITECTURES = {
    "bert": "BERT",
    "gemma2": "Gemma 2",
    "llama": "Llama",
    "mistral": "Mistral",
    "nomic-bert": "Nomic BERT",
    "phi2": "Phi-2",
    "phi3": "Phi-3",
    "qwen2": "Qwen2",
}
"""Architectures that have a name which people write otherwise; the rest are shown as they are."""
LOG_CHARACTERS = 200
"""Of a line of the log in a table; the entry has all of it."""


def draw_models(models: Sequence[Model], instances: Sequence[Instance]) -> RichOutput:
    """Draw `%lms ls`: one table for each kind of model, sorted by key."""
    if not models:
        return RichOutput("There is no model on the disk of this host.")
    lead = (
        f"{count(len(models), 'model')}, {format_size(sum(m.size_bytes for m in models))} on disk."
    )
    return RichOutput(
        lead,
        [
            (
                (heading, "PARAMS", "ARCH", "SIZE", "DEVICE", ""),
                [_model_row(m, instances) for m in by_key(models) if m.kind == kind],
            )
            for kind, heading in (("llm", "LLM"), ("embedding", "EMBEDDING"))
        ],
        after="\n".join(
            f"{m.model_key}: {template_note(m)}" for m in by_key(models) if m.template_problem
        ),
    )


def draw_variants(
    bases: Sequence[Model],
    variants: Mapping[str, Sequence[Model]],
    instances: Sequence[Instance],
    *,
    heads: bool = True,
) -> RichOutput:
    """Draw `%lms ls --variants`: below each model its variants, the one that a key means marked.

    Args:
        bases: The models.
        variants: The variants of those that have some, by key.
        instances: What is in memory.
        heads: Whether the models have rows of their own.
    """
    rows: dict[str, list[Sequence[str]]] = {"llm": [], "embedding": []}
    for base in by_key(bases):
        if heads:
            rows[base.kind].append(_model_row(base, instances))
        for variant in variants.get(base.model_key, ()):
            mark = "* " if variant.model_key == base.selected_variant else "  "
            first, *rest = _model_row(replace(variant, variants=()), instances)
            rows[base.kind].append((f"{mark}{first}", *rest))
    total = sum(len(found) for found in variants.values())
    return RichOutput(
        f"{count(len(bases), 'model')}, {count(total, 'variant')}.",
        [
            ((heading, "PARAMS", "ARCH", "SIZE", "DEVICE", ""), rows[kind])
            for kind, heading in (("llm", "LLM"), ("embedding", "EMBEDDING"))
        ],
    )


def draw_instances(
    instances: Sequence[Instance],
    now: float,
    parallel: Mapping[str, int | None] | None = None,
    owners: Mapping[str, str] | None = None,
    after: str = "",
) -> RichOutput:
    """Draw `%lms ps`: one row for each instance, sorted by identifier.

    Args:
        instances: What is in memory.
        now: The host's clock.
        parallel: How many requests each serves at once, by reference.
        owners: Whose each is, by reference; the column is there only if somebody owns something.
        after: What to say below the table.
    """
    parallel, owners = parallel or {}, owners or {}
    if not instances:
        return RichOutput("Nothing is in memory. To load a model: %lms load KEY")
    owner = ("LOADED BY",) if owners else ()
    memory = ("MEMORY",) if any(i.memory_bytes is not None for i in instances) else ()
    gpus = ("GPU MEMORY",) if any(i.gpu_memory for i in instances) else ()
    heading = (
        *("IDENTIFIER", "MODEL", "STATUS", "SIZE", *memory, *gpus),
        *("CONTEXT", "PARALLEL", "DEVICE", "TTL", *owner),
    )
    rows = [
        (
            i.identifier,
            i.model_key,
            i.status.replace("_", "").upper(),
            format_size(i.size_bytes),
            *((_memory(i),) if memory else ()),
            *((_gpu_memory(i),) if gpus else ()),
            str(i.context_length),
            str(parallel.get(i.instance_reference) or "-"),
            i.device_name or i.device or "Local",
            format_ttl(i, now),
            *((owners.get(i.instance_reference, ""),) if owner else ()),
        )
        for i in sorted(instances, key=lambda i: i.identifier)
    ]
    problems = [f"{i.identifier}: {template_note(i)}" for i in instances if i.template_problem]
    after = "\n".join([*problems, *([after] if after else [])])
    return RichOutput(
        f"{count(len(instances), 'model')} in memory.", [(heading, rows)], after=after
    )


def draw_status(activity: Activity, why: str) -> RichOutput:
    """Draw `%lms status`: which host, why this one, what it has in memory, and who holds GPUs."""
    host = activity.host
    reason = f" ({why})" if why else ""
    instances, memory = activity.instances, activity.memory
    gpus = ("GPU MEMORY",) if any(i.gpu_memory for i in instances) else ()
    rows = [
        (
            *(i.identifier, format_size(i.size_bytes), _memory(i)),
            *((_gpu_memory(i),) if gpus else ()),
        )
        for i in instances
    ]
    loaded = count(len(rows), "model") if rows else "nothing"
    lead = f"{host.title} at {host.address}{reason}: {loaded} in memory."
    held = [] if memory is None else pools.rows(memory, instances)
    heading = ("IDENTIFIER", "SIZE", "MEMORY", *gpus)
    return RichOutput(lead, [(heading, rows), (pools.HEADING, held)])


def models_json(models: Sequence[Model]) -> str:
    """Return `%lms ls --json`, with the fields of the CLI."""
    return compact([model_fields(model) for model in by_key(models)])


def instances_json(
    instances: Sequence[Instance], parallel: Mapping[str, int | None] | None = None
) -> str:
    """Return `%lms ps --json`, with the fields of the CLI: everything but the reference."""
    slots = parallel or {}
    rows = [
        instance_fields(i, slots.get(i.instance_reference))
        for i in sorted(instances, key=lambda i: i.kind != "llm")
    ]
    return compact(rows)


def compact(value: Any) -> str:
    """Write JSON on one line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def model_fields(model: Model) -> dict[str, Any]:
    """Return a model with the CLI's names of fields."""
    fields = _shared_fields(model)
    if model.variants:
        fields["variants"] = list(model.variants)
    if model.selected_variant:
        fields["selectedVariant"] = model.selected_variant
    return fields


def instance_fields(instance: Instance, parallel: int | None = None) -> dict[str, Any]:
    """Return an instance with the CLI's names of fields."""
    i = instance
    own = {
        "identifier": i.identifier,
        "ttlMs": None if i.ttl_s is None else round(i.ttl_s * 1000),
        "lastUsedTime": None if i.idle_since is None else round(i.idle_since * 1000),
        "contextLength": i.context_length,
        "status": _camel(i.status),
        "queued": i.queued,
        "parallel": parallel,
    }
    return _shared_fields(i) | own | _further_fields(i)


def template_note(thing: Model | Instance) -> str:
    """Say what is wrong with a model's chat template, and what is left of it."""
    return f"its chat template cannot be used: {thing.template_problem}."


def _gpu_memory(instance: Instance) -> str:
    """Say what it takes on all GPUs together."""
    return format_size(pools.gpu_bytes(instance)) if instance.gpu_memory else ""


def _memory(instance: Instance) -> str:
    return "-" if instance.memory_bytes is None else format_size(instance.memory_bytes)


def format_ttl(instance: Instance, now: float) -> str:
    """Format what is left of a TTL, and the whole of it, as the CLI does: `59m / 1h`."""
    if instance.pinned:
        return "pinned"
    if instance.ttl_s is None:
        return ""
    idle_s = 0.0 if instance.idle_since is None else now - instance.idle_since
    return f"{_lean(instance.ttl_s - idle_s)} / {_lean(instance.ttl_s)}"


def by_key(models: Sequence[Model]) -> list[Model]:
    """Sort models by key."""
    return sorted(models, key=lambda model: model.model_key)


def table_of_models(models: Sequence[Model], instances: Sequence[Instance]) -> Table[Model]:
    """Return `%lms ls` as a list."""
    return Table(models, lambda rows: draw_models(rows, instances))


def _lean(seconds: float) -> str:
    """Round to one unit, in the CLI's own way."""
    if abs(seconds) < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{round(seconds)}s"
    if abs(seconds) < 3600:  # noqa: PLR2004 - seconds in an hour
        return f"{round(seconds / 60)}m"
    return f"{round(seconds / 3600)}h"


def _model_row(model: Model, instances: Sequence[Instance]) -> tuple[str, ...]:
    keys = (model.model_key, *model.variants)
    loaded = sum(i.model_key in keys and i.device == model.device for i in instances)
    mark = "" if not loaded else "✓ LOADED" if loaded == 1 else f"✓ LOADED ({loaded})"
    variants = f" ({count(len(model.variants), 'variant')})" if model.variants else ""
    architecture = model.architecture or ""
    return (
        model.model_key + variants,
        model.params or "",
        ARCHITECTURES.get(architecture, architecture),
        format_size(model.size_bytes),
        model.device_name or model.device or "Local",
        mark,
    )


def _shared_fields(thing: Model | Instance) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "type": thing.kind,
        "modelKey": thing.model_key,
        "displayName": thing.display_name,
        "publisher": thing.publisher,
        "format": thing.format,
        "path": thing.path,
        "indexedModelIdentifier": thing.indexed_model_identifier or thing.path,
        "sizeBytes": thing.size_bytes,
        "deviceIdentifier": thing.device,
    }
    if thing.params:
        fields["paramsString"] = thing.params
    if thing.architecture:
        fields["architecture"] = thing.architecture
    if thing.quantization:
        bits = thing.quantization_bits
        fields["quantization"] = {"name": thing.quantization} | ({"bits": bits} if bits else {})
    if thing.template_problem:
        fields["templateProblem"] = thing.template_problem
    if thing.kind == "llm":
        fields |= {"vision": thing.vision, "trainedForToolUse": thing.trained_for_tool_use}
    return fields | {"maxContextLength": thing.max_context_length}


def _further_fields(instance: Instance) -> dict[str, Any]:
    """Return what the CLI has no fields for, where the host tells it."""
    fields: dict[str, Any] = {}
    if instance.gpu_memory:
        fields["gpuMemory"] = [
            {"gpuId": share.gpu_id, "memoryBytes": share.memory_bytes}
            for share in instance.gpu_memory
        ]
    if instance.runtime:
        fields["runtime"] = instance.runtime
    return fields


def _camel(status: str) -> str:
    first, *rest = status.split("_")
    return first + "".join(word.capitalize() for word in rest)


def draw_log(entries: Sequence[LogEntry], note: str) -> RichOutput:
    """Draw lines of a host's log, each in one row."""
    rows = [
        (
            datetime.fromtimestamp(entry.at).astimezone().strftime("%H:%M:%S"),
            entry.kind,
            entry.identifier or "",
            entry.text if len(entry.text) <= LOG_CHARACTERS else f"{entry.text[:LOG_CHARACTERS]}…",
        )
        for entry in entries
    ]
    lead = f"{count(len(rows), 'line')} of the log." if rows else "Nothing was logged."
    return RichOutput(lead, [(("TIME", "KIND", "IDENTIFIER", "TEXT"), rows)], after=note)
