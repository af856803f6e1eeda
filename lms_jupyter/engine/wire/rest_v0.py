"""LM Studio's older REST format: OpenAI's, with figures added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.library.catalog import DownloadedModel
from lms_jupyter.engine.version import LLAMA_VERSION
from lms_jupyter.engine.wire.openai import without_progress
from lms_jupyter.engine.wire.sse import Event

_TIMINGS: Final = b'"timings":'
_STOP_REASONS: Final = {
    "stop": "eosFound",
    "length": "maxPredictedTokensReached",
    "tool_calls": "toolCalls",
}


def model_entry(model: DownloadedModel, *, is_loaded: bool) -> dict[str, Any]:
    """Describe a model."""
    kind = "embeddings" if model.type == "embedding" else "vlm" if model.vision else "llm"
    entry: dict[str, Any] = {
        "id": model.model_key,
        "object": "model",
        "type": kind,
        "publisher": model.publisher,
        "arch": model.architecture or "unknown",
        "compatibility_type": "gguf",
        "quantization": model.quantization_name or "unknown",
        "state": "loaded" if is_loaded else "not-loaded",
        "max_context_length": model.max_context_length,
    }
    if model.type == "llm":
        entry["capabilities"] = ["tool_use"] if model.trained_for_tool_use else []
    return entry


class WithFigures:
    """Adds what LM Studio tells about an answer to what OpenAI does."""

    def __init__(
        self,
        instance: Instance,
        limit: int | None = None,
        complete: Callable[[Event], Sequence[Event]] = without_progress,
    ) -> None:
        self._instance = instance
        self._limit = limit
        self._complete = complete
        self._finish_reason = "stop"

    def answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Complete a whole answer."""
        self._note_reason(answer)
        timings = answer.pop("timings", None) or {}
        return answer | self._figures(timings)

    def event(self, incoming: Event) -> Sequence[Event]:
        """Complete one event: the last one with content gets the figures."""
        return tuple(self._with_figures(event) for event in self._complete(incoming))

    def _with_figures(self, incoming: Event) -> Event:
        content = incoming.decode()
        self._note_reason(content)
        if _TIMINGS not in incoming.data:
            return incoming
        figures = self._figures(content.pop("timings", None) or {})
        return Event(msgspec.json.encode(content | figures))

    def _note_reason(self, content: Mapping[str, Any]) -> None:
        for choice in content.get("choices") or ():
            self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def _figures(self, timings: Mapping[str, Any]) -> dict[str, Any]:
        model, worker = self._instance.model, self._instance.worker
        reason = _STOP_REASONS.get(self._finish_reason, "eosFound")
        written = timings.get("predicted_n", 0)
        if self._finish_reason == "length" and (self._limit is None or written < self._limit):
            reason = "contextLengthReached"
        return {
            "stats": {
                "tokens_per_second": timings.get("predicted_per_second", 0.0),
                "time_to_first_token": timings.get("prompt_ms", 0.0) / 1000,
                "generation_time": timings.get("predicted_ms", 0.0) / 1000,
                "stop_reason": reason,
            },
            "model_info": {
                "arch": model.architecture or "unknown",
                "quant": model.quantization_name or "unknown",
                "format": "gguf",
                "context_length": self._instance.context_length,
            },
            "runtime": {
                "name": "llama.cpp",
                "version": worker.runtime.version if worker else LLAMA_VERSION,
                "supported_formats": ["gguf"],
            },
        }
