"""The packets of a prediction's channel."""

from __future__ import annotations

from typing import Any

from lms_jupyter.engine.instance import Instance
from lms_jupyter.engine.prediction import Fragment, Outcome, PromptProgress
from lms_jupyter.engine.wire.sdk import instance_info


def packet_for(piece: PromptProgress | Fragment) -> dict[str, Any]:
    """Write a piece of a prediction."""
    if isinstance(piece, PromptProgress):
        return {
            "type": "promptProcessingProgress",
            "progress": piece.processed / piece.total if piece.total else 1.0,
            "details": {
                "cachedTokenCount": piece.cached,
                "totalPromptTokenCount": piece.total,
                "processedPromptTokenCount": piece.processed,
                "unprocessedPromptTokenCount": max(0, piece.total - piece.processed),
            },
        }
    return {
        "type": "fragment",
        "fragment": {
            "content": piece.content,
            "tokensCount": piece.tokens,
            "containsDrafted": False,
            "reasoningType": piece.reasoning,
            "isStructural": piece.structural,
        },
    }


def success(
    outcome: Outcome,
    instance: Instance,
    load_config: dict[str, Any],
    prediction_config: dict[str, Any],
) -> dict[str, Any]:
    """Write the last packet."""
    return {
        "type": "success",
        "stats": stats(outcome),
        "modelInfo": instance_info(instance),
        "loadModelConfig": load_config,
        "predictionConfig": prediction_config,
    }


def stats(outcome: Outcome) -> dict[str, Any]:
    """Write what can be told about a prediction; what is unknown is left out."""
    said: dict[str, Any] = {
        "stopReason": outcome.stop_reason,
        "tokensPerSecond": outcome.tokens_per_second,
        "timeToFirstTokenSec": outcome.first_token_s,
        "totalTimeSec": outcome.total_s,
        "promptTokensCount": outcome.prompt_tokens,
        "predictedTokensCount": outcome.predicted_tokens,
        "totalTokensCount": outcome.prompt_tokens + outcome.predicted_tokens,
        "stopString": outcome.stop_string,
        "totalDraftTokensCount": outcome.drafted_tokens,
        "acceptedDraftTokensCount": outcome.accepted_tokens,
    }
    if outcome.drafted_tokens is not None and outcome.accepted_tokens is not None:
        said["rejectedDraftTokensCount"] = outcome.drafted_tokens - outcome.accepted_tokens
    return {name: value for name, value in said.items() if value is not None}
