"""One valid request for every path and call that takes one: what the fuzzer starts from."""

from __future__ import annotations

from typing import Any

from .test_tutorial_models import plain_picture
from .tutor import config_of, saying

CHAT, VISION, EMBED = "tutor-1m", "tutor-1m-vision", "tutor-embed"
PICTURE = plain_picture(200, 30, 30)
PARAMETERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FUNCTION = {"name": "double", "description": "Doubles.", "parameters": PARAMETERS}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"id": "1", "type": "function", "function": {"name": "double", "arguments": '{"a": 2}'}}

_TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Double 2."}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "1", "content": "4"},
]
_OPENAI = {
    "model": CHAT,
    "messages": _TALK,
    "tools": [TOOL],
    "tool_choice": "auto",
    "max_tokens": 2,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 10,
    "min_p": 0.1,
    "seed": 1,
    "stop": ["x"],
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
    "repeat_penalty": 1.1,
    "logit_bias": {"5": 1},
    "logprobs": False,
    "ttl": 60,
}
_SEEN = {
    "model": VISION,
    "max_tokens": 2,
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PICTURE}},
            ],
        }
    ],
}
_SCHEMA = {
    "model": CHAT,
    "max_tokens": 4,
    "messages": [{"role": "user", "content": "hi"}],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": PARAMETERS},
    },
}
_COMPLETION = {"model": CHAT, "prompt": "A token", "max_tokens": 2, "stop": ["."], "seed": 1}
_MESSAGES = {
    "model": CHAT,
    "max_tokens": 2,
    "system": [{"type": "text", "text": "Be brief."}],
    "tools": [{"name": "double", "description": "Doubles.", "input_schema": PARAMETERS}],
    "messages": [
        {"role": "user", "content": "Double 2."},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "1", "name": "double", "input": {"a": 2}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "1", "content": "4"}],
        },
    ],
    "stop_sequences": ["x"],
    "temperature": 0.5,
}
_RESPONSE = {
    "model": CHAT,
    "max_output_tokens": 2,
    "instructions": "Be brief.",
    "tools": [{"type": "function", **FUNCTION}],
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Double 2."}]},
        {"type": "function_call", "call_id": "1", "name": "double", "arguments": '{"a": 2}'},
        {"type": "function_call_output", "call_id": "1", "output": "4"},
    ],
    "store": False,
}
_V1 = {
    "model": VISION,
    "input": [
        {"type": "text", "content": "What is this?"},
        {"type": "image", "data_url": PICTURE},
    ],
    "system_prompt": "Be brief.",
    "max_output_tokens": 2,
    "temperature": 0.5,
    "store": False,
    "context_length": 512,
}

HTTP: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/chat/completions", _OPENAI),
    ("/v1/chat/completions", _SEEN),
    ("/v1/chat/completions", _SCHEMA),
    ("/v1/completions", _COMPLETION),
    ("/v1/embeddings", {"model": EMBED, "input": ["a token", "a model"]}),
    ("/v1/responses", _RESPONSE),
    ("/v1/messages", _MESSAGES),
    ("/v1/messages/count_tokens", _MESSAGES),
    ("/api/v0/chat/completions", _OPENAI),
    ("/api/v0/completions", _COMPLETION),
    ("/api/v0/embeddings", {"model": EMBED, "input": "a token"}),
    ("/api/v1/chat", _V1),
    (
        "/api/v1/models/load",
        {"model": EMBED, "context_length": 64, "eval_batch_size": 64, "echo_load_config": True},
    ),
    ("/api/v1/models/unload", {"instance_id": "nothing"}),
    ("/api/v1/models/download", {"model": "publisher/none", "quantization": "Q8_0"}),
)
"""Paths, and what they take."""

_WHICH = {"type": "query", "query": {"identifier": CHAT}}
_WHICH_EMBED = {"type": "query", "query": {"identifier": EMBED}}
_HISTORY = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        *saying("Double 2.")["messages"],
        {
            "role": "assistant",
            "content": [
                {
                    "type": "toolCallRequest",
                    "toolCallRequest": {
                        "id": "1",
                        "type": "function",
                        "name": "double",
                        "arguments": {"a": 2},
                    },
                }
            ],
        },
        {
            "role": "tool",
            "content": [{"type": "toolCallResult", "toolCallId": "1", "content": "4"}],
        },
    ]
}
_PREDICTION = config_of(
    maxPredictedTokens={"checked": True, "value": 2},
    temperature=0.5,
    topKSampling=10,
    stopStrings=["x"],
    tools={"type": "toolArray", "tools": [TOOL]},
)
_FORMED = config_of(
    maxPredictedTokens={"checked": True, "value": 4},
    structured={"type": "json", "jsonSchema": PARAMETERS},
)
_LOAD = {
    "layers": [
        {
            "layerName": "apiOverride",
            "config": {
                "fields": [
                    {"key": "embedding.load.contextLength", "value": 64},
                    {"key": "embedding.load.llama.tryMmap", "value": True},
                ]
            },
        }
    ]
}

CALLS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("llm", "tokenize", {"specifier": _WHICH, "inputString": "hi"}),
    ("llm", "countTokens", {"specifier": _WHICH, "inputString": "hi"}),
    (
        "llm",
        "applyPromptTemplate",
        {"specifier": _WHICH, "history": _HISTORY, "predictionConfigStack": _PREDICTION},
    ),
    ("llm", "getModelInfo", {"specifier": _WHICH, "throwIfNotFound": True}),
    ("llm", "getLoadConfig", {"specifier": _WHICH}),
    ("llm", "getBasePredictionConfig", {"specifier": _WHICH}),
    ("llm", "getInstanceProcessingState", {"specifier": _WHICH}),
    ("llm", "preloadDraftModel", {"specifier": _WHICH, "draftModelKey": CHAT}),
    ("llm", "unloadModel", {"identifier": "nothing"}),
    ("embedding", "embedString", {"modelSpecifier": _WHICH_EMBED, "inputString": "a token"}),
    ("embedding", "estimateModelUsage", {"modelKey": EMBED, "loadConfigStack": _LOAD}),
    ("files", "uploadFileBase64", {"name": "a.txt", "contentBase64": "aGVsbG8="}),
    ("files", "getDocumentParsingLibrary", {"fileIdentifier": "nothing"}),
    ("repository", "searchModels", {"opts": {"searchTerm": "tiny", "limit": 2}}),
    (
        "repository",
        "getModelDownloadOptions",
        {"modelSearchResultIdentifier": {"type": "hf", "identifier": "publisher/none"}},
    ),
    ("system", "setInstanceTtl", {"identifier": "nothing", "ttlMs": 5, "restart": True}),
    ("system", "pinInstance", {"identifier": "nothing", "pinned": True}),
    ("system", "setInstanceKeep", {"identifier": "nothing", "keep": {"type": "whileOpen"}}),
    ("system", "holdInstances", {"instanceReferences": ["nothing"], "forMs": 5}),
    ("system", "cancelLoad", {"loadId": "nothing"}),
    ("system", "listDownloadedModelVariants", {"modelKey": CHAT}),
)
"""Namespaces, their calls, and the parameters of these."""

CHANNELS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "llm",
        "predict",
        {"modelSpecifier": _WHICH, "history": _HISTORY, "predictionConfigStack": _PREDICTION},
    ),
    (
        "llm",
        "predict",
        {"modelSpecifier": _WHICH, "history": saying("hi"), "predictionConfigStack": _FORMED},
    ),
    (
        "llm",
        "completeRawText",
        {"modelSpecifier": _WHICH, "rawPrompt": "A", "predictionConfigStack": _FORMED},
    ),
    (
        "embedding",
        "loadModel",
        {"modelKey": EMBED, "identifier": "fuzzed", "loadConfigStack": _LOAD, "ttlMs": 500},
    ),
    ("embedding", "getOrLoad", {"identifier": EMBED, "loadConfigStack": _LOAD, "loadTtlMs": 500}),
    ("files", "parseDocument", {"fileIdentifier": "nothing"}),
    ("files", "retrieve", {"query": "a", "fileIdentifiers": [], "config": {"fields": []}}),
    ("repository", "downloadModel", {"downloadIdentifier": "publisher/none@q8_0"}),
)
"""Namespaces, their channels, and the parameters of these."""
