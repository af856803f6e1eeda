"""Models and instances as LM Studio's WebSocket clients know them.

All keys of the newest schema are always written; whole numbers are whole; what is unknown is left
out, except for the three keys that may be null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.instances.instance import Instance, Work

if TYPE_CHECKING:
    from lms_jupyter.engine.library.catalog import DownloadedModel

STATUS = {
    None: "idle",
    Work.WAITING: "processingPrompt",
    Work.PROCESSING_PROMPT: "processingPrompt",
    Work.GENERATING: "generating",
    Work.COMPUTING_EMBEDDING: "computingEmbedding",
}


def model_info(model: DownloadedModel, template_problem: str = "") -> dict[str, Any]:
    """Describe a downloaded model."""
    info: dict[str, Any] = {
        "type": model.type,
        "modelKey": model.model_key,
        "format": "gguf",
        "displayName": model.display_name,
        "publisher": model.publisher,
        "path": model.path,
        "sizeBytes": model.size_bytes,
        "indexedModelIdentifier": model.path,
        "deviceIdentifier": None,
        "maxContextLength": model.max_context_length,
    }
    if model.params_string:
        info["paramsString"] = model.params_string
    if model.architecture:
        info["architecture"] = model.architecture
    if model.quantization_name and model.quantization_bits:
        info["quantization"] = {
            "name": model.quantization_name,
            "bits": model.quantization_bits,
        }
    if model.variants:
        info["variants"] = list(model.variants)
    if model.selected_variant:
        info["selectedVariant"] = model.selected_variant
    if template_problem:
        info["templateProblem"] = template_problem
    if model.type == "llm":
        info["vision"] = model.vision
        info["trainedForToolUse"] = model.trained_for_tool_use
    return info


def instance_info(instance: Instance) -> dict[str, Any]:
    """Describe a loaded instance."""
    state = instance.state
    idle_since = state.idle_since
    return model_info(instance.model, instance.template_problem) | {
        "identifier": instance.identifier,
        "instanceReference": instance.reference,
        "contextLength": instance.context_length,
        "ttlMs": milliseconds(state.ttl_s),
        "lastUsedTime": milliseconds(idle_since.unix_s) if idle_since else None,
    }


def processing_state(instance: Instance) -> dict[str, Any]:
    """Say what an instance is doing; `queued` counts what runs, too."""
    return {"status": STATUS[instance.work], "queued": len(instance.requests)}


def milliseconds(seconds: float | None) -> int | None:
    """Turn seconds into the wire's whole milliseconds."""
    return None if seconds is None else round(seconds * 1000)


def seconds_from(milliseconds: object, name: str) -> float | None:
    """Read an optional time to live; a whole number of milliseconds from 1 on, 60000.0 included."""
    if milliseconds is None:
        return None
    number = milliseconds
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise BadRequestError(f"{name!r} has to be a number of milliseconds, not {number!r:.100}.")
    if not 1 <= number < 2**53 or number != number // 1:
        raise BadRequestError(
            f"{name!r} has to be a whole number of milliseconds from 1 on, not {number}.",
            hint="Leave it out to keep the model loaded until it is unloaded.",
        )
    return int(number) / 1000
