"""Every load setting, written as LM Studio's published schemas have it, and read back."""

from typing import Any

import pytest

from lms_jupyter.hosts import kv_config
from lms_jupyter.protocol.load_keys import BY_NAME, LOAD_KEYS
from lms_jupyter.protocol.models import Kind, LoadConfig
from tests.hosts import load_schema

VALUES: dict[str, Any] = {
    "switch": True,
    "whole": 64,
    "number": 0.5,
    "ratio": 0.5,
    "text": "some words",
    "lines": "{{ messages[0].content }}\n",
    "wholes": (1,),
    "numbers": (2.0, 1.0),
}
ODD = {"mlx_kv_cache_bits": 4}
ALONG = {
    "mlx_kv_cache_group_size": {"mlx_kv_cache_bits": 8},
    "mlx_kv_cache_quantized_start": {"mlx_kv_cache_bits": 8},
    "gpu_priority": {"main_gpu": 1},
}
"""What a setting goes with."""


def config_of(name: str) -> LoadConfig:
    key = BY_NAME[name]
    value = key.options[-1] if key.options else ODD.get(name, VALUES[key.kind])
    if name == "split_strategy":
        value = "evenly"
    return LoadConfig(**(ALONG.get(name, {}) | {name: value}))


@pytest.mark.parametrize("kind", ["llm", "embedding"])
@pytest.mark.parametrize("name", BY_NAME)
def test_a_setting_is_written_as_the_schema_has_it(name: str, kind: Kind) -> None:
    stack = kv_config.stack(config_of(name), kind)

    assert load_schema.wrong(stack, kind) == []
    written = {field["key"] for field in stack["layers"][0]["config"]["fields"]}
    key = BY_NAME[name]
    wanted = key.llm if kind == "llm" else key.embedding
    assert wanted is None or wanted in written


@pytest.mark.parametrize("name", BY_NAME)
def test_a_setting_is_read_back_as_it_was_written(name: str) -> None:
    config = config_of(name)
    (layer,) = kv_config.stack(config, "llm")["layers"]

    known = kv_config.parse(layer["config"]["fields"], "llm")

    assert getattr(known, name) == getattr(config, name)


def test_every_key_of_the_schema_has_a_setting_or_a_reason() -> None:
    ours = {name for key in LOAD_KEYS for name in (key.llm, key.embedding) if name}
    ours |= {*kv_config.AUTO_FIT, "llm.load.llama.speculativeDecoding.draftSimple"}

    assert ours == {*load_schema.KEYS["llm"], *load_schema.KEYS["embedding"]}
    assert not ours & load_schema.NOT_OURS.keys()


def test_a_strict_host_sees_what_is_wrong() -> None:
    fields = [
        {"key": "llm.load.contextLength", "value": "many"},
        {"key": "llm.load.contextlength", "value": 1},
        {"key": "llm.load.seed", "value": {"checked": True, "value": 1.5}},
    ]
    stack = {"layers": [{"config": {"fields": fields}}]}

    assert load_schema.wrong(stack, "llm") == [
        "no key llm.load.contextlength",
        "llm.load.contextLength: 'many'",
        "llm.load.seed: {'checked': True, 'value': 1.5}",
    ]


def test_a_context_that_is_named_is_not_the_hosts_to_choose() -> None:
    for config in (LoadConfig(context_length=8192), LoadConfig(context_length=8192, auto_fit=True)):
        (layer,) = kv_config.stack(config, "llm")["layers"]
        told = {field["key"]: field["value"] for field in layer["config"]["fields"]}
        assert [told[name] for name in kv_config.AUTO_FIT] == [False] * 3
    assert not any(
        "autoFit" in field["key"]
        for field in kv_config.stack(LoadConfig(seed=1), "llm")["layers"][0]["config"]["fields"]
    )


def test_keys_of_other_files_say_nothing_of_a_model() -> None:
    fields = [
        {"key": "llm.load.mlx.diskCache", "value": True},
        {"key": "llm.load.llama.flashAttention", "value": True},
        {"key": "llm.load.contextLength", "value": 4096},
    ]

    assert kv_config.parse(fields, "llm", "gguf") == LoadConfig(
        context_length=4096, flash_attention=True
    )
    assert kv_config.parse(fields, "llm", "safetensors") == LoadConfig(
        context_length=4096, mlx_disk_cache=True
    )


@pytest.mark.asyncio
async def test_the_stand_in_for_lm_studio_refuses_what_is_none_of_the_schema() -> None:
    fields = [{"key": "llm.load.llama.physicalBatchSize", "value": "64"}]
    stack = {"layers": [{"config": {"fields": fields}}]}

    refusal = load_schema.refused({"loadConfigStack": stack})

    assert refusal is not None
    (packet,) = [packet async for packet in refusal]
    assert "physicalBatchSize: '64'" in packet["title"]
    assert (
        load_schema.refused({"loadConfigStack": {"layers": [{"config": {"fields": []}}]}}) is None
    )
