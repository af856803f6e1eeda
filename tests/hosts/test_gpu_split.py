"""How several GPUs share a model, in LM Studio's one key and in our settings."""

from typing import Any

import pytest

from lms_jupyter.hosts import kv_config
from lms_jupyter.protocol.gpu_settings import objection
from lms_jupyter.protocol.models import Kind, LoadConfig

KEY = "load.gpuSplitConfig"


def written(config: LoadConfig, kind: Kind = "llm") -> dict[str, Any]:
    (layer,) = kv_config.stack(config, kind)["layers"]
    return {field["key"]: field["value"] for field in layer["config"]["fields"]}


def read_back(config: LoadConfig, kind: Kind = "llm") -> LoadConfig:
    fields = [{"key": key, "value": value} for key, value in written(config, kind).items()]
    return kv_config.parse(fields, kind)


@pytest.mark.parametrize(
    ("config", "split"),
    [
        (LoadConfig(split_strategy="evenly"), ("evenly", [], [], [])),
        (LoadConfig(disabled_gpus=(1,)), ("evenly", [1], [], [])),
        (LoadConfig(main_gpu=1), ("priorityOrder", [], [1], [])),
        (LoadConfig(gpu_priority=(1, 0)), ("priorityOrder", [], [1, 0], [])),
        (LoadConfig(main_gpu=1, gpu_priority=(1, 0)), ("priorityOrder", [], [1, 0], [])),
        (LoadConfig(gpu_custom_ratio=(3.0, 1.0)), ("custom", [], [], [3.0, 1.0])),
    ],
)
@pytest.mark.parametrize("kind", ["llm", "embedding"])
def test_one_key_says_all_of_it(
    config: LoadConfig, split: tuple[str, list[int], list[int], list[float]], kind: Kind
) -> None:
    names = ("strategy", "disabledGpus", "priority", "customRatio")

    assert written(config, kind)[KEY] == dict(zip(names, split, strict=True))
    known = read_back(config, kind)
    for name in LoadConfig.__struct_fields__:
        if getattr(config, name) is not None:
            assert getattr(known, name) == getattr(config, name)
    assert read_back(known, kind) == known
    assert objection(known) is None


def test_nothing_is_said_of_gpus_where_nothing_is_asked() -> None:
    assert written(LoadConfig(seed=1)).keys() == {"llm.load.seed"}


def test_the_host_does_not_choose_beside_what_is_asked_of_gpus() -> None:
    for config in (
        LoadConfig(main_gpu=0),
        LoadConfig(split_strategy="evenly"),
        LoadConfig(gpu_strict_vram_cap=True),
        LoadConfig(num_cpu_expert_layers_ratio=0.5),
    ):
        assert written(config)["llm.load.llama.autoFit"] is False


def test_the_cap_and_the_experts_are_written_under_their_own_keys() -> None:
    config = LoadConfig(gpu_strict_vram_cap=True, num_cpu_expert_layers_ratio=0.5)

    assert written(config)["load.gpuStrictVramCap"] is True
    assert written(config)["llm.load.numCpuExpertLayersRatio"] == 0.5
    assert read_back(config) == config
    assert kv_config.parse(
        [{"key": "llm.load.numCpuExpertLayersRatio", "value": "max"}], "llm"
    ) == LoadConfig(num_cpu_expert_layers_ratio=1.0)


def test_what_another_strategy_would_go_by_is_not_in_effect() -> None:
    raw = {"strategy": "evenly", "disabledGpus": [2], "priority": [1, 0], "customRatio": [1, 2]}

    known = kv_config.parse([{"key": KEY, "value": raw}], "llm")

    assert known == LoadConfig(split_strategy="evenly", disabled_gpus=(2,))


def test_a_strategy_of_a_newer_host_does_no_harm() -> None:
    known = kv_config.parse([{"key": KEY, "value": {"strategy": "tensor"}}], "llm")

    assert (known.split_strategy, known.main_gpu) == (None, None)
