from typing import Any

import pytest

from lms_jupyter.errors import HostReplyError
from lms_jupyter.hosts import decode, kv_config
from lms_jupyter.protocol.models import LoadConfig

RAW: dict[str, Any] = {
    "type": "llm",
    "modelKey": "tiny-llm",
    "format": "gguf",
    "displayName": "Tiny LLM",
    "publisher": "acme",
    "path": "acme/tiny-llm-GGUF/tiny-llm-Q4_K_M.gguf",
    "sizeBytes": 123_456_789,
    "indexedModelIdentifier": "acme/tiny-llm-GGUF/tiny-llm-Q4_K_M.gguf",
    "deviceIdentifier": None,
    "paramsString": "1B",
    "architecture": "llama",
    "quantization": {"name": "Q4_K_M", "bits": 4},
    "maxContextLength": 8192,
    "vision": False,
    "trainedForToolUse": True,
    "identifier": "tiny-llm",
    "instanceReference": "Zk2",
    "ttlMs": 3_600_000,
    "lastUsedTime": 1_700_000_000_500,
    "contextLength": 4096,
}


def test_milliseconds_become_seconds_and_camel_case_our_names() -> None:
    instance = decode.instance(RAW, {"status": "processingPrompt", "queued": 2})

    assert (instance.ttl_s, instance.idle_since) == (3600.0, 1_700_000_000.5)
    assert (instance.status, instance.queued) == ("processing_prompt", 2)
    assert (instance.quantization, instance.trained_for_tool_use) == ("Q4_K_M", True)


def test_what_older_hosts_leave_out_is_optional() -> None:
    new = {"ttlMs", "lastUsedTime", "publisher", "deviceIdentifier", "quantization"}
    old = {key: value for key, value in RAW.items() if key not in new}

    instance = decode.instance(old)

    assert (instance.ttl_s, instance.idle_since, instance.device) == (None, None, None)
    assert decode.model(old).publisher is None


def test_unknown_words_of_newer_hosts_do_no_harm() -> None:
    instance = decode.instance(RAW | {"flux": 1}, {"status": "dreaming", "queued": 0})

    assert instance.status == "unknown"


@pytest.mark.parametrize("missing", ["identifier", "instanceReference", "modelKey", "sizeBytes"])
def test_what_every_host_sends_must_be_there(missing: str) -> None:
    raw = {key: value for key, value in RAW.items() if key != missing}

    with pytest.raises(HostReplyError, match="in a way that we cannot read"):
        decode.instance(raw)


def test_the_engines_account_is_read_whole() -> None:
    sight = decode.snapshot(
        {
            "now": 1_700_000_001_000,
            "instances": [RAW | {"status": "generating", "queued": 1, "memoryBytes": 34_000_000}],
            "loads": [
                {
                    "loadId": "other-1",
                    "identifier": "b",
                    "modelKey": "b",
                    "type": "llm",
                    "progress": 0.25,
                    "startedAt": 1_700_000_000_000,
                    "sizeBytes": 1,
                }
            ],
            "memory": {"totalBytes": 24, "availableBytes": 12},
        }
    )

    assert sight.now == 1_700_000_001.0
    assert [(i.status, i.memory_bytes) for i in sight.instances] == [("generating", 34_000_000)]
    assert [(load.load_id, load.fraction) for load in sight.loads] == [("other-1", 0.25)]
    assert sight.memory is not None


@pytest.mark.parametrize("raw", [{}, {"now": 1}, {"now": "soon", "instances": []}])
def test_an_account_that_lacks_something_is_an_error(raw: dict[str, Any]) -> None:
    with pytest.raises(HostReplyError):
        decode.snapshot(raw)


def test_every_load_setting_has_a_key() -> None:
    assert set(kv_config.KEYS) == set(LoadConfig.__struct_fields__)


@pytest.mark.parametrize("field", LoadConfig.__struct_fields__)
def test_every_load_setting_survives_the_way_to_the_host_and_back(field: str) -> None:
    values: dict[str, Any] = {
        "context_length": 4096,
        "gpu": 0.5,
        "parallel": 2,
        "k_cache_type": "q8_0",
        "v_cache_type": "q4_0",
        "eval_batch_size": 128,
        "num_experts": 4,
        "seed": 7,
        "rope_frequency_base": 10_000.0,
        "rope_frequency_scale": 0.5,
        "draft_model": "tiny",
        "draft_max_tokens": 8,
        "draft_min_tokens": 2,
        "draft_min_probability": 0.25,
    }
    config = LoadConfig(**{field: values.get(field, True)})

    (layer,) = kv_config.stack(config, "llm")["layers"]

    assert layer["config"]["fields"]
    assert kv_config.parse(layer["config"]["fields"], "llm") == config


def test_words_for_gpu_offload_are_read_as_ratios() -> None:
    key = kv_config.KEYS["gpu"].llm

    assert kv_config.parse([{"key": key, "value": "max"}], "llm").gpu == 1.0
    assert kv_config.parse([{"key": key, "value": "off"}], "llm").gpu == 0.0
