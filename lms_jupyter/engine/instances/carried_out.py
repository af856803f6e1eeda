"""How a plan becomes an order to a worker, and what became of its settings."""

from __future__ import annotations

import secrets
from dataclasses import replace

from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.instance import Plan
from lms_jupyter.engine.worker.handle import Listening
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Order

_ALMOST = 0.25
"""Of a layer: what keeps all layers but the output apart from `max`, which is 1."""


def effective(plan: Plan, listening: Listening) -> LoadSettings:
    """Return the settings as they came out.

    Contexts are rounded, a GPU may not be there, and the system may refuse to lock memory.
    """
    asked = plan.settings
    settings = replace(asked, context_length=listening.context_length or asked.context_length)
    if settings.flash_attention is None:
        settings = replace(settings, flash_attention=listening.flash_attention)
    ratio = _ratio(plan.site.placement.gpu_layers, shape.layers(plan.model.header))
    if listening.gpu and ratio:
        settings = replace(settings, gpu_offload_ratio=asked.gpu_offload_ratio or ratio)
    else:
        settings = replace(settings, offload_kv_cache_to_gpu=False, **_NO_GPU)
    if listening.locked is False:
        settings = replace(settings, keep_in_memory=False)
    return settings


_NO_GPU = {
    name: getattr(LoadSettings(gpu_offload_ratio=0.0), name)
    for name in (
        "gpu_offload_ratio",
        "split_strategy",
        "disabled_gpus",
        "gpu_priority",
        "gpu_custom_ratio",
        "gpu_strict_vram_cap",
        "num_cpu_expert_layers_ratio",
    )
}
"""What these settings are where nothing lies on a GPU."""


def _ratio(gpu_layers: int, layers: int) -> float:
    """Return the part of the layers that, asked for, puts as many on GPUs."""
    if gpu_layers > layers:
        return 1.0
    if gpu_layers == layers:
        return 1 - _ALMOST / layers if layers else 0.0
    return gpu_layers / layers


def order_for(plan: Plan) -> Order:
    """Say what the worker is to do to carry out the plan."""
    model, settings = plan.model, plan.settings
    return Order(
        identifier=plan.identifier,
        api_key=secrets.token_hex(16),
        file=str(model.file),
        mmproj=str(model.mmproj) if model.mmproj else None,
        draft_file=str(plan.draft.file) if plan.draft else None,
        size_bytes=model.size_bytes,
        embedding=model.type == "embedding",
        placement=plan.site.placement,
        settings=settings,
        overrides=_overrides(plan),
    )


def _overrides(plan: Plan) -> tuple[str, ...]:
    """Say what of the file's metadata is to be another: how many experts are used at once."""
    header, experts = plan.model.header, plan.settings.num_experts
    if experts is None or experts == header.architecture_integer("expert_used_count"):
        return ()
    return (f"{header.architecture}.expert_used_count=int:{experts}",)
