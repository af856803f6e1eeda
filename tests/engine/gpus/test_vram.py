"""The estimate of GPU memory, against what llama.cpp allocates and what drivers have told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import pytest

from lms_jupyter.engine.instances.estimate import MemoryEstimate, estimate
from lms_jupyter.engine.instances.vram import Site
from lms_jupyter.engine.library.gguf import GgufHeader, read_header
from lms_jupyter.engine.library.gguf_header import TensorSummary
from lms_jupyter.engine.runtimes.runtime import Backend
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Placement
from tests.engine.synthetic import Shape, write_llm

MIB = 2**20
KIND = gguf.GGMLQuantizationType
SHAPES = {
    "65 MB f16": (Shape(layers=8, width=512, heads=8, kv_heads=8, feed_forward=1408,
                        context=32768, vocabulary=8000), KIND.F16),
    "136 MB q8_0, grouped": (Shape(layers=6, width=1024, heads=16, kv_heads=4, feed_forward=2816,
                                   context=32768, vocabulary=32000), KIND.Q8_0),
    "59 MB q4_0": (Shape(layers=12, width=768, heads=12, kv_heads=12, feed_forward=2048,
                         context=32768, vocabulary=16000), KIND.Q4_0),
}  # fmt: skip

ALLOCATED: dict[str, list[tuple[int, int, int, tuple[float, float, float]]]] = {
    "65 MB f16": [
        (2048, 128, 9, (56.85, 32.0, 3.57)),
        (2048, 512, 9, (56.85, 32.0, 14.26)),
        (8192, 128, 9, (56.85, 128.0, 5.07)),
        (8192, 512, 9, (56.85, 128.0, 20.26)),
        (16384, 128, 9, (56.85, 256.0, 7.07)),
        (16384, 512, 9, (56.85, 256.0, 28.26)),
        (8192, 128, 4, (26.2, 48.0, 19.25)),
        (8192, 512, 4, (26.2, 48.0, 30.0)),
    ],
    "136 MB q8_0, grouped": [
        (2048, 128, 7, (101.79, 12.0, 6.63)),
        (2048, 512, 7, (101.79, 12.0, 26.51)),
        (8192, 128, 7, (101.79, 48.0, 8.13)),
        (8192, 512, 7, (101.79, 48.0, 32.51)),
        (16384, 128, 7, (101.79, 96.0, 10.13)),
        (16384, 512, 7, (101.79, 96.0, 40.51)),
        (8192, 128, 3, (56.07, 16.0, 12.5)),
        (8192, 512, 3, (56.07, 16.0, 39.0)),
    ],
    "59 MB q4_0": [
        (2048, 128, 13, (52.23, 72.0, 5.0)),
        (2048, 512, 13, (52.23, 72.0, 20.01)),
        (8192, 128, 13, (52.23, 288.0, 6.5)),
        (8192, 512, 13, (52.23, 288.0, 26.01)),
        (16384, 128, 13, (52.23, 576.0, 8.5)),
        (16384, 512, 13, (52.23, 576.0, 34.01)),
        (8192, 128, 6, (25.61, 120.0, 28.25)),
        (8192, 512, 6, (25.61, 120.0, 41.0)),
    ],
}
"""Context, physical batch, layers on the GPU; MiB of weights, cache and computing. Printed by
llama.cpp's build b11549 with Vulkan, four sessions and one cache; b10434 needed two vectors of each
token less for computing."""


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GgufHeader]:
    folder = tmp_path_factory.mktemp("models")
    return {
        name: read_header(
            write_llm(folder / f"{number}.gguf", shape=shape, quantization=quantization)
        )
        for number, (name, (shape, quantization)) in enumerate(SHAPES.items())
    }


def _site(layers: int, backend: Backend = "vulkan", **placement: Any) -> Site:
    return Site(
        gpus=("Vulkan0",), placement=Placement(gpu_layers=layers, **placement), backend=backend
    )


def _estimated(header: GgufHeader, layers: int, **settings: Any) -> MemoryEstimate:
    return estimate(header, LoadSettings(**settings), site=_site(layers))


@pytest.mark.parametrize("name", SHAPES)
def test_the_estimate_is_what_llama_cpp_allocates(
    headers: dict[str, GgufHeader], name: str
) -> None:
    for context, batch, layers, (weights, cache, compute) in ALLOCATED[name]:
        said = estimate(
            headers[name],
            LoadSettings(context_length=context, eval_batch_size=batch, physical_batch_size=batch),
            site=_site(layers),
        ).gpus[0]
        assert said.weights / MIB == pytest.approx(weights, abs=0.01)
        assert said.cache / MIB == cache
        assert said.compute / MIB == pytest.approx(compute, rel=0.15)
        total = weights + cache + compute
        assert (said.total - said.process) / MIB == pytest.approx(total, rel=0.05)


@pytest.mark.parametrize(
    ("settings", "cache", "compute"),
    [
        ({"offload_kv_cache_to_gpu": False}, 0.0, 28.01),
        ({"flash_attention": False}, 128.0, 150.01),
        ({"k_cache_type": "q8_0", "v_cache_type": "q8_0"}, 68.0, 20.29),
        ({"unified_kv_cache": False}, 128.0, 14.26),
        ({"num_parallel_sessions": 16}, 128.0, 20.26),
    ],
    ids=["cache in main memory", "no flash attention", "quantized cache", "caches", "sessions"],
)
def test_the_settings_of_the_context_change_it_as_they_do_in_llama_cpp(
    headers: dict[str, GgufHeader], settings: dict[str, Any], cache: float, compute: float
) -> None:
    said = _estimated(
        headers["65 MB f16"],
        9,
        context_length=8192,
        eval_batch_size=512,
        physical_batch_size=512,
        **settings,
    ).gpus[0]
    assert said.cache / MIB == cache
    assert said.compute / MIB == pytest.approx(compute, rel=0.05)


def _large(width: int, layers: int, forward: int, file_bytes: float, heads: int) -> GgufHeader:
    """The header of a large q8_0 model, without its file: 32,768 tokens, eight heads in the cache.

    Its layers share what the two matrices of the vocabulary leave of the file.
    """
    vocabulary = 32_768 * width * 34 // 32
    each = (int(file_bytes) - 2 * vocabulary) // layers
    return GgufHeader(
        version=3,
        file_bytes=int(file_bytes),
        tensor_count=9 * layers + 3,
        metadata={
            "general.architecture": "llama",
            "llama.block_count": layers,
            "llama.embedding_length": width,
            "llama.feed_forward_length": forward,
            "llama.context_length": 32_768,
            "llama.attention.head_count": heads,
            "llama.attention.head_count_kv": 8,
        },
        array_lengths={"tokenizer.ggml.tokens": 32_768},
        tensors=TensorSummary(
            count=9 * layers + 3,
            elements=0,
            bytes_by_type={"Q8_0": 2 * vocabulary + each * layers},
            matrix_bytes={},
            tail_bytes={},
            layer_bytes=dict.fromkeys(range(layers), each),
            output_bytes=vocabulary,
        ),
    )


ONE_B = _large(2048, 16, 8192, 1.18e9, heads=32)
SEVEN_B = _large(4096, 32, 14_336, 7.70e9, heads=32)


@pytest.mark.parametrize(
    ("header", "backend", "batch", "layers", "mebibytes"),
    [
        (ONE_B, "vulkan", (128, 128), 17, 1381),
        (ONE_B, "vulkan", (512, 512), 17, 1429),
        (ONE_B, "vulkan", (2048, 512), 17, 1429),
        (SEVEN_B, "vulkan", (128, 128), 33, 8315),
        (SEVEN_B, "vulkan", (2048, 512), 33, 8396),
        (SEVEN_B, "vulkan", (2048, 512), 16, 4143),
        (ONE_B, "cuda", (128, 128), 17, 1927),
        (ONE_B, "cuda", (2048, 512), 17, 1981),
        (SEVEN_B, "cuda", (128, 128), 33, 8861),
        (SEVEN_B, "cuda", (2048, 512), 33, 8955),
    ],
)
def test_it_is_within_two_per_cent_of_what_the_driver_of_one_large_card_has_told(
    header: GgufHeader, backend: Backend, batch: tuple[int, int], layers: int, mebibytes: int
) -> None:
    settings = LoadSettings(
        context_length=8192, eval_batch_size=batch[0], physical_batch_size=batch[1]
    )
    said = estimate(header, settings, site=_site(layers, backend))
    assert said.total_vram_bytes / MIB == pytest.approx(mebibytes, rel=0.02)
    assert said.total_vram_bytes == said.gpus[0].total


def test_half_of_the_layers_take_half(headers: dict[str, GgufHeader]) -> None:
    header = headers["59 MB q4_0"]
    whole = _estimated(header, 13, context_length=8192)
    half = _estimated(header, 6, context_length=8192)
    nothing = _estimated(header, 0, context_length=8192)

    assert half.gpus[0].weights == pytest.approx(whole.gpus[0].weights / 2, rel=0.03)
    assert nothing.total_vram_bytes == 0
    assert nothing.total_bytes > half.total_bytes > whole.total_bytes
    alone = estimate(header, LoadSettings(context_length=8192))
    assert nothing.total_bytes == alone.total_bytes


def test_what_goes_to_the_gpu_leaves_main_memory(headers: dict[str, GgufHeader]) -> None:
    header = headers["65 MB f16"]
    assert header.tensors is not None
    whole = _estimated(header, 9, context_length=8192)
    beside = _estimated(header, 9, context_length=8192, offload_kv_cache_to_gpu=False)

    assert whole.model_bytes / MIB == pytest.approx(7.81, abs=0.01)
    assert beside.context_bytes - whole.context_bytes == 128 * MIB


def test_several_gpus_take_their_layers_and_each_what_computing_takes(
    headers: dict[str, GgufHeader],
) -> None:
    header = headers["65 MB f16"]
    both = Site(
        gpus=("A", "B"), placement=Placement(gpu_layers=9, tensor_split=(2, 1)), backend="cuda"
    )
    one = replace(both, placement=Placement(gpu_layers=9, devices=("B",)))
    settings = LoadSettings(context_length=8192)

    split, alone = (estimate(header, settings, site=site).gpus for site in (both, one))

    assert alone[0].total == 0
    assert split[0].weights + split[1].weights == alone[1].weights
    assert split[0].cache == 6 * 16 * MIB
    assert split[1].cache == 2 * 16 * MIB
    assert split[0].process == split[1].process == alone[1].process


def test_experts_that_stay_in_main_memory_are_counted_there() -> None:
    assert SEVEN_B.tensors is not None
    each = SEVEN_B.tensors.layer_bytes[0]
    experts = replace(SEVEN_B.tensors, expert_bytes=dict.fromkeys(range(32), each // 2))
    header = replace(SEVEN_B, tensors=experts)
    settings = LoadSettings(context_length=2048)

    on_gpu = estimate(header, settings, site=_site(33))
    half = estimate(header, settings, site=_site(33, cpu_expert_layers=16))

    moved = 16 * (each // 2)
    assert on_gpu.gpus[0].weights - half.gpus[0].weights == moved
    assert half.model_bytes - on_gpu.model_bytes == moved


def test_a_matrix_of_the_vocabulary_that_is_used_twice_lies_in_both_places() -> None:
    assert SEVEN_B.tensors is not None
    shared = replace(SEVEN_B.tensors, output_bytes=4096 * 4)
    header = replace(SEVEN_B, tensors=shared)
    said = estimate(header, LoadSettings(context_length=2048), site=_site(33))
    layers = sum(shared.layer_bytes.values())
    assert said.gpus[0].weights == layers + shared.output_bytes + shared.input_bytes
    assert said.model_bytes == shared.input_bytes


def test_a_draft_model_and_a_projector_lie_on_the_gpu_too(headers: dict[str, GgufHeader]) -> None:
    header = headers["65 MB f16"]
    settings = LoadSettings(context_length=2048)
    alone = estimate(header, settings, site=_site(9))
    drafted = estimate(header, settings, draft=header, site=_site(9))
    seeing = estimate(header, settings, projector_bytes=1_000_000, site=_site(9))

    assert drafted.gpus[0].weights == 2 * alone.gpus[0].weights
    assert drafted.gpus[0].context == 2 * alone.gpus[0].context
    assert drafted.gpus[0].process == alone.gpus[0].process
    assert seeing.gpus[0].weights == alone.gpus[0].weights + 1_000_000
    assert seeing.model_bytes == alone.model_bytes


def test_no_file_is_needed_to_split_a_header_of_which_little_is_known(tmp_path: Path) -> None:
    light = read_header(write_llm(tmp_path / "m.gguf"), light=True)
    said = estimate(light, LoadSettings(), site=_site(3))
    assert said.gpus[0].weights == pytest.approx(light.file_bytes, rel=0.01)
    assert said.confidence == "low"
