from typing import Any

import pytest

from lms_jupyter.errors import HostReplyError
from lms_jupyter.hosts import decode, kv_config
from lms_jupyter.hosts.base import Snapshot
from lms_jupyter.protocol.models import LoadConfig, MemoryUser
from lms_jupyter.protocol.shares import GpuShare, WaitingUser

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


GPU = {
    "gpuId": "CUDA0",
    "name": "NVIDIA GeForce RTX 4090",
    "totalBytes": 24_000,
    "availableBytes": 9_000,
    "users": [{"pid": 7, "name": "python3", "memoryBytes": 11_200}],
}


def seen(memory: dict[str, Any], **instance: Any) -> Snapshot:
    raw = {"now": 1_700_000_000_000, "instances": [RAW | instance], "memory": memory}
    return decode.snapshot(raw)


def test_the_engine_tells_of_each_gpu_who_holds_it_and_what_serves_an_instance() -> None:
    sight = seen(
        {"totalBytes": 64_000, "availableBytes": 32_000, "gpus": [GPU, GPU | {"gpuId": "CUDA1"}]},
        gpuMemory=[{"gpuId": "CUDA0", "memoryBytes": 2_900}],
        runtime="llama-server b10434 (Vulkan)",
    )

    assert sight.memory is not None
    first, second = sight.memory.gpus or ()
    assert (first.gpu_id, first.name, second.gpu_id) == ("CUDA0", GPU["name"], "CUDA1")
    assert (first.total_bytes, first.available_bytes) == (24_000, 9_000)
    assert first.users == (MemoryUser(name="python3", memory_bytes=11_200, pid=7),)
    (instance,) = sight.instances
    assert instance.gpu_memory == (GpuShare(gpu_id="CUDA0", memory_bytes=2_900),)
    assert instance.runtime == "llama-server b10434 (Vulkan)"


def test_the_engine_tells_as_which_user_something_was_loaded_and_who_waits() -> None:
    memory = {"totalBytes": 1, "availableBytes": 1}
    waiting = [{"user": "ben", "requests": 2, "for": ["ada"]}]

    (instance,) = seen(memory, user="ada", waiting=waiting).instances

    assert instance.user == "ada"
    assert instance.waiting == (WaitingUser(user="ben", requests=2, waits_for=("ada",)),)
    with pytest.raises(HostReplyError):
        seen(memory, waiting=[{"user": "ben", "requests": "many"}])


def test_no_gpu_is_told_apart_from_a_host_that_does_not_tell() -> None:
    sizes = {"totalBytes": 64_000, "availableBytes": 32_000}

    silent, none = seen(sizes).memory, seen(sizes | {"gpus": []}).memory

    assert silent is not None
    assert none is not None
    assert (silent.gpus, none.gpus) == (None, ())


@pytest.mark.parametrize(
    "odd",
    [
        {"totalBytes": -1},
        {"totalBytes": 2**60},
        {"name": "\ud800"},
        {"gpuId": None},
        {"users": [{"pid": 7, "name": "x", "memoryBytes": float("nan")}]},
        {"users": ["train.ipynb"]},
        {"users": {"7": 1}},
    ],
)
def test_a_gpu_that_no_machine_has_is_an_error_of_ours(odd: dict[str, Any]) -> None:
    with pytest.raises(HostReplyError, match="in a way that we cannot read"):
        seen({"totalBytes": 64_000, "availableBytes": 32_000, "gpus": [GPU | odd]})


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
    known = {*kv_config.KEYS, *kv_config.SPLIT, *kv_config.MLX_CACHE}
    assert known == set(LoadConfig.__struct_fields__)


@pytest.mark.parametrize("field", kv_config.KEYS)
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
        "num_cpu_expert_layers_ratio": 0.5,
        "draft_model": "tiny",
        "draft_max_tokens": 8,
        "draft_min_tokens": 2,
        "draft_min_probability": 0.25,
        "auto_fit_min_context_length": 1024,
        "physical_batch_size": 64,
        "context_checkpoints": 3,
        "cpu_thread_pool_size": 2,
        "prompt_template": "{{ messages }}",
        "reasoning_budget_message": "enough",
    }
    config = LoadConfig(**{field: values.get(field, True)})

    (layer,) = kv_config.stack(config, "llm")["layers"]

    assert layer["config"]["fields"]
    assert kv_config.parse(layer["config"]["fields"], "llm") == config


def test_words_for_gpu_offload_are_read_as_ratios() -> None:
    key = kv_config.KEYS["gpu"].llm

    assert kv_config.parse([{"key": key, "value": "max"}], "llm").gpu == 1.0
    assert kv_config.parse([{"key": key, "value": "off"}], "llm").gpu == 0.0
