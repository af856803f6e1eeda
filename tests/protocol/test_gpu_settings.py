"""What GPU settings cannot mean is found in one sentence."""

import pytest

from lms_jupyter.protocol.gpu_settings import objection
from lms_jupyter.protocol.models import LoadConfig
from tests.hosts.fake import fake_gpu

TWO = (fake_gpu(0), fake_gpu(1, name="NVIDIA GeForce RTX 3060"))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (LoadConfig(gpu=1.5), "The part of the layers on the GPU is from 0 to 1, not 1.5."),
        (LoadConfig(gpu=-1.0), "The part of the layers on the GPU is from 0 to 1, not -1."),
        (LoadConfig(gpu=float("nan")), "from 0 to 1, not nan."),
        (LoadConfig(num_cpu_expert_layers_ratio=2.0), "layers on the CPU is from 0 to 1, not 2."),
        (LoadConfig(main_gpu=-1), "GPUs are counted from 0: there is no GPU -1."),
        (
            LoadConfig(main_gpu=2),
            "There is no GPU 2: 0 is NVIDIA GeForce RTX 4090, 1 is NVIDIA GeForce RTX 3060.",
        ),
        (LoadConfig(disabled_gpus=(0, 7)), "There is no GPU 7: "),
        (LoadConfig(main_gpu=1, disabled_gpus=(1,)), "GPU 1 cannot be both disabled and filled"),
        (LoadConfig(gpu_priority=(0, 1, 0)), "names one twice: 0, 1, 0."),
        (LoadConfig(main_gpu=0, gpu_priority=(1, 0)), "The main GPU is 0, and the order begins"),
        (LoadConfig(main_gpu=0, split_strategy="evenly"), "No GPU is filled first with evenly"),
        (LoadConfig(split_strategy="custom"), "The strategy custom needs a ratio for each GPU."),
        (
            LoadConfig(split_strategy="evenly", gpu_custom_ratio=(1.0, 1.0)),
            "goes with the strategy custom, not with evenly.",
        ),
        (LoadConfig(gpu_custom_ratio=(0.0, 0.0)), "a part above 0 and none below: 0, 0."),
        (LoadConfig(gpu_custom_ratio=(1.0, -1.0)), "a part above 0 and none below: 1, -1."),
        (
            LoadConfig(gpu=0.5, disabled_gpus=(0, 1)),
            "With every GPU disabled, 50% of the layers have no GPU to lie on.",
        ),
    ],
)
def test_what_makes_no_sense_is_said_with_its_value(config: LoadConfig, sentence: str) -> None:
    found = objection(config, TWO)

    assert found is not None
    assert sentence in found
    assert "\n" not in found


@pytest.mark.parametrize(
    "config",
    [
        LoadConfig(),
        LoadConfig(gpu=0.0),
        LoadConfig(gpu=1.0, main_gpu=1),
        LoadConfig(split_strategy="priorityOrder", gpu_priority=(1, 0)),
        LoadConfig(split_strategy="custom", gpu_custom_ratio=(3.0, 1.0)),
        LoadConfig(gpu=0.0, disabled_gpus=(0, 1)),
    ],
)
def test_what_makes_sense_is_let_through(config: LoadConfig) -> None:
    assert objection(config, TWO) is None


def test_without_a_gpu_its_numbers_are_refused_and_where_nobody_tells_they_may_be_there() -> None:
    third = LoadConfig(main_gpu=2)

    assert objection(third, ()) == (
        "There is no GPU 2: the machine of the host has none that it could use."
    )
    assert objection(third, None) is None
