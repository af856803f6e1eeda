"""LM Studio's REST format, `/api/v1`: models, instances, download jobs, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lms_jupyter.engine.downloads.downloads import RUNNING, Job, JobState
from lms_jupyter.engine.errors import BadRequestError, EngineError, UnsupportedError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.library.catalog import DownloadedModel
from lms_jupyter.engine.prediction.prediction import PredictionSettings
from lms_jupyter.engine.wire.content import image_data
from lms_jupyter.engine.wire.fields import optional_text
from lms_jupyter.engine.wire.kv import Key, boolean, integer, number, read
from lms_jupyter.engine.wire.reasoning_options import ALL, reasoning_options
from lms_jupyter.engine.wire.sse import Event, event
from lms_jupyter.engine.worker.load_settings import LoadSettings

MAX_DESCRIPTION: Final = 4000
_SERVER_ERRORS: Final = 500
_TYPES: Final = {
    "instance_not_found": "model_not_found",
    "job_not_found": "job_not_found",
    "model_not_found": "model_not_found",
    "not_implemented": "not_implemented",
}
_LOAD_KEYS: Final = (
    Key(name="context_length", field="context_length", read=integer(1)),
    Key(name="eval_batch_size", field="eval_batch_size", read=integer(1)),
    Key(name="flash_attention", field="flash_attention", read=boolean),
    Key(name="num_experts", field="num_experts", read=integer(0)),
    Key(name="offload_kv_cache_to_gpu", field="offload_kv_cache_to_gpu", read=boolean),
    Key(name="parallel", field="num_parallel_sessions", read=integer(1, 1023)),
)
_PREDICTION_KEYS: Final = (
    Key(name="temperature", field="temperature", read=number(0)),
    Key(name="top_p", field="top_p", read=number(0, 1)),
    Key(name="top_k", field="top_k", read=integer(0)),
    Key(name="min_p", field="min_p", read=number(0, 1)),
    Key(name="repeat_penalty", field="repeat_penalty", read=number(0)),
    Key(name="max_output_tokens", field="max_tokens", read=integer(1)),
)


def error_body(error: EngineError) -> dict[str, Any]:
    """Write an error as LM Studio's REST API does."""
    other = "internal_error" if error.http_status >= _SERVER_ERRORS else "invalid_request"
    message = f"{error.title} {error.hint}".strip()
    kind = _TYPES.get(error.code, other)
    body = {"type": kind, "message": message, "code": error.code}
    return {"error": body | ({"param": error.param} if error.param else {})}


def error_event(error: EngineError) -> Event:
    """Write an error into a stream that has begun."""
    return event({"type": "error"} | error_body(error))


def model_entry(model: DownloadedModel, instances: Sequence[Instance]) -> dict[str, Any]:
    """Describe a downloaded model and its instances."""
    entry: dict[str, Any] = {
        "type": model.type,
        "publisher": model.publisher,
        "key": model.model_key,
        "display_name": model.display_name,
        "quantization": {
            "name": model.quantization_name,
            "bits_per_weight": model.quantization_bits,
        },
        "size_bytes": model.size_bytes,
        "params_string": model.params_string,
        "loaded_instances": [
            {"id": instance.identifier, "config": load_config(instance)} for instance in instances
        ],
        "max_context_length": model.max_context_length,
        "format": "gguf",
    }
    if model.type == "llm":
        reasoning = reasoning_options(model)
        entry |= {
            "architecture": model.architecture,
            "capabilities": {
                "vision": model.vision,
                "trained_for_tool_use": model.trained_for_tool_use,
            }
            | ({"reasoning": reasoning.written()} if reasoning else {}),
            "description": _description(model),
        }
    if model.variants:
        entry |= {"variants": list(model.variants), "selected_variant": model.selected_variant}
    return entry


def _description(model: DownloadedModel) -> str | None:
    description = model.header.text("general.description")
    return None if description is None else description[:MAX_DESCRIPTION]


def load_config(instance: Instance) -> dict[str, Any]:
    """Say how an instance is loaded."""
    settings = instance.settings
    config: dict[str, Any] = {"context_length": instance.context_length}
    if instance.domain == "llm":
        config |= {
            "eval_batch_size": settings.eval_batch_size,
            "parallel": settings.num_parallel_sessions,
            # llama.cpp uses it by itself wherever the model allows it.
            "flash_attention": settings.flash_attention is not False,
            "num_experts": settings.num_experts or 0,
            "offload_kv_cache_to_gpu": settings.offload_kv_cache_to_gpu,
        }
    return config


def load_settings(body: Mapping[str, Any]) -> LoadSettings:
    """Read the settings of a load out of a request."""
    fields = read(_present(body), _LOAD_KEYS)
    if fields.get("num_experts") == 0:
        del fields["num_experts"]
    return LoadSettings(**fields)


def prediction_settings(body: Mapping[str, Any]) -> PredictionSettings:
    """Read the settings of a prediction out of a request."""
    return PredictionSettings(**read(_present(body), _PREDICTION_KEYS))


def reasoning(body: Mapping[str, Any]) -> str | None:
    """Read what a request says about thinking; whether the model can is another question."""
    wanted = optional_text(body, "reasoning")
    if wanted is not None and wanted not in ALL:
        known = ", ".join(ALL)
        raise BadRequestError(f"'reasoning' has to be one of {known}, not {wanted!r:.100}.")
    return wanted


def check_integrations(body: Mapping[str, Any]) -> None:
    """Refuse servers of tools, which this engine does not call, by their names.

    Raises:
        BadRequestError: They are not written as they have to be.
        UnsupportedError: There are some.
    """
    given = body.get("integrations")
    if given is None or given == []:
        return
    if not isinstance(given, list):
        raise _of_integrations(BadRequestError("'integrations' has to be a list."))
    names = []
    for item in given:
        match item:
            case str(name) | {"type": "plugin", "id": str(name)}:
                names.append(name)
            case {"type": "ephemeral_mcp", "server_label": str(name), "server_url": str()}:
                names.append(name)
            case _:
                raise _of_integrations(
                    BadRequestError(f"An entry of 'integrations' is not understood: {item!r:.100}.")
                )
    listed = ", ".join(repr(name) for name in names)
    raise _of_integrations(
        UnsupportedError(
            f"This engine has no integrations and calls no MCP server, so not {listed:.200}.",
            hint="Leave 'integrations' out, or give the model tools over /v1/chat/completions.",
        )
    )


def _of_integrations(error: EngineError) -> EngineError:
    error.param = "integrations"
    return error


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def started_entry(job: Job) -> dict[str, Any]:
    """Answer the start of a download."""
    if job.already_there:
        return {"status": "already_downloaded", "total_size_bytes": job.total_bytes}
    return job_entry(job)


def job_entry(job: Job) -> dict[str, Any]:
    """Describe a download job."""
    entry: dict[str, Any] = {
        "job_id": job.job_id,
        "status": status_of(job),
        "downloaded_bytes": job.downloaded_bytes,
        "total_size_bytes": job.total_bytes,
        "started_at": _time(job.started_at),
    }
    if job.completed_at is not None:
        entry["completed_at"] = _time(job.completed_at)
    if job.state in RUNNING:
        entry["bytes_per_second"] = job.bytes_per_second
        if job.place:
            entry["queue_position"] = job.place
        if job.seconds_left is not None:
            entry["estimated_completion"] = _written(
                datetime.now(UTC) + timedelta(seconds=min(job.seconds_left, 10**9))
            )
    if job.error is not None:
        entry |= error_body(job.error)
    return entry


def status_of(job: Job) -> str:
    """Say where a job stands in LM Studio's words."""
    if job.state in RUNNING:
        return "downloading"
    return "failed" if job.state is JobState.CANCELLED else job.state.value


def job_lists(jobs: Sequence[Job]) -> dict[str, list[dict[str, Any]]]:
    """List jobs by their status."""
    lists: dict[str, list[dict[str, Any]]] = {
        "downloading": [],
        "completed": [],
        "failed": [],
        "paused": [],
    }
    for job in jobs:
        lists[status_of(job)].append(job_entry(job))
    return lists


def conversation(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the `input` of a chat as messages."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        raise BadRequestError("'input' has to be text or a list of items.")
    return [{"role": "user", "content": [_part(item) for item in given]}]


def _part(item: object) -> dict[str, Any]:
    """Read one item of a message: text, or an image as a data URL."""
    match item:
        case {"type": "text" | "message", "content": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "image", "data_url": url}:
            url = f"data:image/png;base64,{image_data(url)}"
            return {"type": "image_url", "image_url": {"url": url}}
    raise BadRequestError(
        f"An item of 'input' is not understood: {item!r:.100}.",
        hint="Items are {type: 'text', content} and {type: 'image', data_url}.",
    )


def _time(unix_s: float) -> str:
    return _written(datetime.fromtimestamp(unix_s, UTC))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
