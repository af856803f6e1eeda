"""The packets of a prediction's channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from lms_jupyter.engine.errors import InferenceError
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.prediction.prediction import (
    Fragment,
    Outcome,
    Piece,
    PromptProgress,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolCallFailed,
    ToolCallNamed,
)
from lms_jupyter.engine.wire.sdk import instance_info


def packet_for(piece: Piece) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind of piece
    """Write a piece of a prediction."""
    match piece:
        case PromptProgress():
            return _progress(piece)
        case Fragment():
            return {"type": "fragment", "fragment": _fragment(piece)}
        case ToolCallBegan(call_id):
            return {"type": "toolCallGenerationStart", "toolCallId": call_id}
        case ToolCallNamed(name):
            return {"type": "toolCallGenerationNameReceived", "name": name}
        case ToolCallArguments(content):
            return {"type": "toolCallGenerationArgumentFragmentGenerated", "content": content}
        case ToolCallEnded(call_id, name, arguments):
            request = {"type": "function", "id": call_id, "name": name, "arguments": arguments}
            return {"type": "toolCallGenerationEnd", "toolCallRequest": request}
        case ToolCallFailed(title, content):
            error = InferenceError(title).envelope()
            return {"type": "toolCallGenerationFailed", "error": error, "rawContent": content}
        case _:
            assert_never(piece)


def _progress(progress: PromptProgress) -> dict[str, Any]:
    return {
        "type": "promptProcessingProgress",
        "progress": progress.processed / progress.total if progress.total else 1.0,
        "details": {
            "cachedTokenCount": progress.cached,
            "totalPromptTokenCount": progress.total,
            "processedPromptTokenCount": progress.processed,
            "unprocessedPromptTokenCount": max(0, progress.total - progress.processed),
        },
    }


def _fragment(fragment: Fragment) -> dict[str, Any]:
    return {
        "content": fragment.content,
        "tokensCount": fragment.tokens,
        "containsDrafted": fragment.drafted,
        "reasoningType": fragment.reasoning,
        "isStructural": fragment.structural,
    }


def success(
    outcome: Outcome,
    instance: Instance,
    load_config: dict[str, Any],
    prediction_config: dict[str, Any],
) -> dict[str, Any]:
    """Write the last packet."""
    packet: dict[str, Any] = {
        "type": "success",
        "stats": stats(outcome),
        "modelInfo": instance_info(instance),
        "loadModelConfig": load_config,
        "predictionConfig": prediction_config,
    }
    if outcome.log_probs is not None:
        # LM Studio's packets have no place for it; its clients pass over what they do not know.
        packet["logProbs"] = [log_prob(token) for token in outcome.log_probs]
    return packet


def log_prob(token: Mapping[str, Any]) -> dict[str, Any]:
    """Write how probable a token was, and which others were at its place."""
    top = token.get("top_logprobs") or ()
    return {
        "token": token["token"],
        "logProb": token["logprob"],
        "top": [{"token": other["token"], "logProb": other["logprob"]} for other in top],
    }


def stats(outcome: Outcome) -> dict[str, Any]:
    """Write what can be told about a prediction; what is unknown is left out."""
    figures: dict[str, Any] = {
        "stopReason": outcome.stop_reason,
        "tokensPerSecond": outcome.tokens_per_second,
        "timeToFirstTokenSec": outcome.first_token_s,
        "totalTimeSec": outcome.total_s,
        "promptTokensCount": outcome.prompt_tokens,
        "predictedTokensCount": outcome.predicted_tokens,
        "totalTokensCount": outcome.prompt_tokens + outcome.predicted_tokens,
        "stopString": outcome.stop_string,
        "usedDraftModelKey": outcome.draft_model,
        "totalDraftTokensCount": outcome.drafted_tokens,
        "acceptedDraftTokensCount": outcome.accepted_tokens,
    }
    if outcome.drafted_tokens is not None and outcome.accepted_tokens is not None:
        figures["rejectedDraftTokensCount"] = outcome.drafted_tokens - outcome.accepted_tokens
    return {name: value for name, value in figures.items() if value is not None}
