"""The memory estimate: near the truth for real children, and consistent with itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from lms_jupyter.engine.instances.estimate import MemoryEstimate, estimate
from lms_jupyter.engine.library.gguf import GgufHeader, read_header
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .synthetic import Shape, write_embedding, write_llm
from .weighed_worker import resident_bytes

Q4_0 = gguf.GGMLQuantizationType.Q4_0
Q8_0 = gguf.GGMLQuantizationType.Q8_0
WIDE = Shape(layers=4, width=512, heads=8, kv_heads=2, feed_forward=1024, vocabulary=20_000)


def of(header: GgufHeader, **settings: object) -> MemoryEstimate:
    return estimate(header, replace(LoadSettings(context_length=1024), **settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> GgufHeader:
    file = tmp_path_factory.mktemp("models") / "wide-Q4_0.gguf"
    return read_header(write_llm(file, shape=WIDE, quantization=Q4_0))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("shape", "quantization", "settings"),
    [
        (Shape(), Q8_0, LoadSettings(context_length=2048)),
        (WIDE, Q4_0, LoadSettings(context_length=2048, k_cache_type="q8_0", v_cache_type="q8_0")),
        (WIDE, Q8_0, LoadSettings(context_length=512, try_mmap=False, flash_attention=False)),
    ],
    ids=["tiny", "repacked with a quantized cache", "read without flash attention"],
)
async def test_an_estimate_is_within_five_per_cent_of_a_weighed_worker(
    tmp_path: Path, shape: Shape, quantization: gguf.GGMLQuantizationType, settings: LoadSettings
) -> None:
    file = write_llm(tmp_path / "weighed.gguf", shape=shape, quantization=quantization)
    context = settings.context_length or 0

    weighed = await resident_bytes(file, settings, prompt=context - 64)

    estimated = estimate(read_header(file), settings)
    assert estimated.total_bytes == pytest.approx(weighed, rel=0.05)
    assert estimated.confidence == "high"


@pytest.mark.asyncio
async def test_an_embedding_model_is_estimated_too(tmp_path: Path) -> None:
    file = write_embedding(tmp_path / "weighed.gguf", width=256, layers=4)

    weighed = await resident_bytes(file, LoadSettings(), prompt=200)

    assert estimate(read_header(file), LoadSettings()).total_bytes == pytest.approx(
        weighed, rel=0.05
    )


def test_a_longer_context_takes_more_and_a_quantized_cache_less(header: GgufHeader) -> None:
    plain = of(header)

    assert of(header, context_length=2048).context_bytes > plain.context_bytes
    assert of(header, k_cache_type="q8_0").context_bytes < plain.context_bytes
    assert of(header, k_cache_type="q8_0").model_bytes == plain.model_bytes
    assert of(header, flash_attention=False).context_bytes > plain.context_bytes


def test_a_context_is_rounded_up_as_llama_cpp_does(header: GgufHeader) -> None:
    assert of(header, context_length=769) == of(header, context_length=1024)
    assert of(header, context_length=768) != of(header, context_length=769)


def test_sessions_of_their_own_are_rounded_each(header: GgufHeader) -> None:
    shared = of(header, num_parallel_sessions=3)
    apart = of(header, num_parallel_sessions=3, unified_kv_cache=False)

    assert apart.context_bytes > shared.context_bytes


def test_q4_0_is_held_twice_only_if_it_is_mapped(header: GgufHeader) -> None:
    assert header.tensors is not None
    mapped, read = of(header), of(header, try_mmap=False)
    last_layer = header.tensors.tail_bytes["Q4_0"]

    assert read.model_bytes == header.tensors.total_bytes
    assert mapped.model_bytes - read.model_bytes == header.tensors.matrix_bytes["Q4_0"] - last_layer


def test_the_whole_is_more_than_its_parts_by_the_process(header: GgufHeader) -> None:
    whole = of(header)

    assert whole.total_bytes > whole.model_bytes + whole.context_bytes
    assert (whole.model_vram_bytes, whole.context_vram_bytes, whole.total_vram_bytes) == (0, 0, 0)


def test_what_is_built_otherwise_is_estimated_with_low_confidence(header: GgufHeader) -> None:
    metadata = dict(header.metadata)
    experts = replace(header, metadata=metadata | {"llama.expert_count": 8})
    gemma = replace(header, metadata=metadata | {"general.architecture": "gemma3"})

    assert of(experts).confidence == "low"
    assert of(gemma).confidence == "low"
    assert estimate(header, LoadSettings(), projector_bytes=1000).confidence == "low"


def test_a_draft_model_and_a_projector_are_counted(header: GgufHeader) -> None:
    alone = estimate(header, LoadSettings())
    drafted = estimate(header, LoadSettings(), draft=header)
    seeing = estimate(header, LoadSettings(), projector_bytes=1_000_000)

    assert drafted.model_bytes == 2 * alone.model_bytes
    assert drafted.context_bytes == 2 * alone.context_bytes
    assert drafted.total_bytes - alone.total_bytes == alone.model_bytes + alone.context_bytes
    assert drafted.confidence == "low"
    assert seeing.model_bytes == alone.model_bytes + 1_000_000
    assert seeing.total_bytes > alone.total_bytes + 1_000_000


def test_layers_may_have_different_numbers_of_heads(header: GgufHeader) -> None:
    uneven = dict(header.metadata) | {"llama.attention.head_count_kv": (2, 2, 0, 0)}

    assert of(replace(header, metadata=uneven)).context_bytes < of(header).context_bytes
