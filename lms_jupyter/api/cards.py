"""One model, one instance or one estimate by itself: a card with what there is to know."""

import time

from lms_jupyter.api.draw import ARCHITECTURES, format_ttl
from lms_jupyter.api.pools import gpu_bytes
from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.api.users import waiting_lines, whose
from lms_jupyter.protocol.models import Estimate, Instance, Model
from lms_jupyter.protocol.shown import DRAWERS

KINDS = {"llm": "LLM", "embedding": "embedding model"}


def draw_model(model: Model) -> RichOutput:
    """Draw a model on the disk."""
    abilities = [
        name
        for name, has in (("vision", model.vision), ("tools", model.trained_for_tool_use))
        if has
    ]
    return _card(
        f"{model.model_key}: {KINDS[model.kind]} on the disk.",
        {
            "PARAMS": model.params,
            "ARCH": _architecture(model.architecture),
            "QUANTIZATION": model.quantization,
            "SIZE": format_size(model.size_bytes),
            "LONGEST CONTEXT": f"{model.max_context_length:,} tokens",
            "ABILITIES": ", ".join(abilities),
            "CHAT TEMPLATE": model.template_problem and f"cannot be used: {model.template_problem}",
            "VARIANTS": ", ".join(model.variants),
            "PUBLISHER": model.publisher,
            "DEVICE": model.device_name or model.device or "Local",
            "PATH": model.path,
        },
    )


def draw_instance(instance: Instance) -> RichOutput:
    """Draw an instance in memory, as it was when it was asked for."""
    memory_bytes = instance.memory_bytes
    return _card(
        f"{instance.identifier}: {KINDS[instance.kind]} in memory.",
        {
            "MODEL": instance.model_key,
            "STATUS": instance.status.replace("_", " "),
            "CONTEXT": f"{instance.context_length:,} tokens",
            "TTL": format_ttl(instance, time.time()) or "none",
            "SIZE": format_size(instance.size_bytes),
            "MEMORY": None if memory_bytes is None else format_size(memory_bytes),
            "GPU MEMORY": format_size(gpu_bytes(instance)) if instance.gpu_memory else None,
            "RUNTIME": instance.runtime,
            "PARAMS": instance.params,
            "ARCH": _architecture(instance.architecture),
            "QUANTIZATION": instance.quantization,
            "LOADED BY": whose(instance, instance.owner),
            "WAITING": "; ".join(waiting_lines(instance)),
            "CHAT TEMPLATE": instance.template_problem
            and f"cannot be used: {instance.template_problem}",
            "NOT AS ASKED": ", ".join(map(str, instance.differences)),
            "DEVICE": instance.device_name or instance.device or "Local",
            "PATH": instance.path,
        },
    )


SOURCES = {
    "calculated": "calculated",
    "corrected": "calculated, corrected by loads here",
    "measured": "measured here",
}


def draw_estimate(estimate: Estimate) -> RichOutput:
    """Draw what a load would take."""
    fits = "should fit" if estimate.passes_guardrails else "is more than the host allows"
    return _card(
        f"This load {fits}.",
        {
            "TOTAL MEMORY": format_size(estimate.total_bytes),
            "GPU MEMORY": format_size(estimate.vram_bytes),
            "CONFIDENCE": estimate.confidence,
            "SOURCE": SOURCES.get(estimate.source or ""),
        },
    )


def _card(lead: str, facts: dict[str, str | None]) -> RichOutput:
    rows = [(name, value) for name, value in facts.items() if value]
    return RichOutput(lead, [(("", ""), rows)], has_heading=False)


def _architecture(name: str | None) -> str | None:
    return None if name is None else ARCHITECTURES.get(name, name)


DRAWERS.update({Model: draw_model, Instance: draw_instance, Estimate: draw_estimate})
