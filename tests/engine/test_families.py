"""Estimates of models of many families, against what llama.cpp says and what workers hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from lms_jupyter.engine.instances import shape
from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.instances.recurrent import seeing_layers, stateful_layers
from lms_jupyter.engine.library.gguf import GgufHeader, read_header
from lms_jupyter.engine.library.listing import model_type
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .dry_run import MIB, in_main_memory
from .family_sizes import LOADABLE, PUBLISHED
from .family_words import FAMILIES
from .synthetic_families import Kind, write_family
from .weighed_worker import resident_bytes

SAID_IN_MIB = 3
"""How many numbers in whole MiB llama.cpp's total is made of, half of one each."""


def told_and_estimated(file: Path, settings: LoadSettings) -> tuple[int, int]:
    """Return llama.cpp's total without the process, and ours."""
    header = read_header(file)
    most = shape.number(header, "context_length", 0)
    plain = replace(settings, try_mmap=False, context_checkpoints=0)
    settled = plain.settled(model_type(header), most)
    told = in_main_memory(file, settled, embeds=model_type(header) == "embedding")
    said = estimate(header, settled)
    return told.total, said.model_bytes + said.context_bytes


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_estimate_of_a_published_size_is_what_llama_cpp_would_allocate(
    tmp_path: Path, name: str
) -> None:
    family, size = PUBLISHED[name]
    file = write_family(tmp_path / "model.gguf", family, size, vocabulary=False)

    for context in (2048, 32_768):
        settings = LoadSettings(context_length=min(context, size.context))
        told, said = told_and_estimated(file, settings)
        assert said == pytest.approx(told, rel=0.02, abs=SAID_IN_MIB * MIB)
    assert estimate(read_header(file), settings).confidence == "high"


@pytest.mark.parametrize("name", ["gemma3 4B", "llama 1B"])
def test_a_matrix_for_input_and_output_is_held_twice_if_one_is_rearranged(
    tmp_path: Path, name: str
) -> None:
    family, size = PUBLISHED[name]
    file = write_family(tmp_path / "model.gguf", family, size, kind=Kind.Q4_K, vocabulary=False)

    told, said = told_and_estimated(file, LoadSettings(context_length=2048))

    assert said == pytest.approx(told, rel=0.01)


@pytest.mark.parametrize(
    "settings",
    [
        LoadSettings(k_cache_type="q8_0", v_cache_type="q8_0"),
        LoadSettings(unified_kv_cache=False, num_parallel_sessions=2),
        LoadSettings(num_parallel_sessions=1),
        LoadSettings(eval_batch_size=1024, physical_batch_size=512),
        LoadSettings(flash_attention=False),
    ],
    ids=["quantized cache", "split cache", "one session", "large batch", "no flash attention"],
)
@pytest.mark.parametrize("name", ["gpt-oss 20B", "deepseek2 lite", "falcon-h1 7B", "gemma3 4B"])
def test_so_it_is_with_other_settings(tmp_path: Path, name: str, settings: LoadSettings) -> None:
    family, size = PUBLISHED[name]
    file = write_family(tmp_path / "model.gguf", family, size, vocabulary=False)

    told, said = told_and_estimated(file, replace(settings, context_length=16_384))

    assert said == pytest.approx(told, rel=0.05)


@pytest.mark.asyncio
@pytest.mark.parametrize("family", ["deepseek2", "gpt-oss", "mamba2", "falcon-h1", "nomic-bert"])
async def test_a_worker_holds_what_was_estimated(tmp_path: Path, family: str) -> None:
    file = write_family(tmp_path / "model.gguf", family, LOADABLE[family])
    header = read_header(file)
    settings = LoadSettings(context_length=2048, context_checkpoints=0)
    prompt = 2000 if FAMILIES[family].embeds else 300

    weighed = await resident_bytes(file, settings, prompt=prompt)

    assert estimate(header, settings).total_bytes == pytest.approx(weighed, rel=0.05)


def test_a_latent_is_kept_once_and_not_as_keys_and_values(tmp_path: Path) -> None:
    size = LOADABLE["deepseek2"]
    header = read_header(write_family(tmp_path / "model.gguf", "deepseek2", size))
    settings = LoadSettings(context_length=1024).settled("llm", 4096)

    assert shape.cache_bytes(header, settings) == (1024 * 2 * (size.latent + size.rope),) * 8


def test_a_state_does_not_grow_with_the_context_but_with_the_sessions(tmp_path: Path) -> None:
    header = read_header(write_family(tmp_path / "model.gguf", "mamba2", LOADABLE["mamba2"]))

    def cache(**settings: int) -> int:
        settled = LoadSettings(**settings).settled("llm", 131_072)  # type: ignore[arg-type]
        return sum(shape.cache_bytes(header, settled))

    assert cache(context_length=1024) == cache(context_length=65_536) > 0
    assert cache(num_parallel_sessions=4) == 4 * cache(num_parallel_sessions=1)


def _header(architecture: str, **said: object) -> GgufHeader:
    metadata = {f"{architecture}.{key.replace('__', '.')}": value for key, value in said.items()}
    return GgufHeader(
        version=3,
        file_bytes=0,
        tensor_count=0,
        metadata=MappingProxyType({"general.architecture": architecture} | metadata),  # type: ignore[arg-type]
        array_lengths=MappingProxyType({}),
        tensors=None,
    )


@pytest.mark.parametrize(
    ("header", "keep_states", "see"),
    [
        (_header("llama"), [], [0, 1, 2, 3]),
        (_header("mamba"), [0, 1, 2, 3], []),
        (_header("falcon-h1"), [0, 1, 2, 3], [0, 1, 2, 3]),
        (_header("qwen3next"), [0, 1, 2], [3]),
        (_header("qwen35", full_attention_interval=2), [0, 2], [1, 3]),
        (_header("qwen35", attention__recurrent_layers=(True, False)), [0], [1, 2, 3]),
        (_header("lfm2", attention__head_count_kv=(0, 2, 0, 2)), [0, 2], [1, 3]),
        (
            _header(
                "nemotron_h",
                attention__head_count_kv=(0, 0, 2, 0),
                feed_forward_length=(0, 64, 0, 64),
            ),
            [0],
            [2],
        ),
        (_header("lfm2", attention__head_count_kv=("a", -1)), [0, 2, 3], [1]),
    ],
)
def test_layers_that_keep_a_state_are_told_apart_as_llama_cpp_does(
    header: GgufHeader, keep_states: list[int], see: list[int]
) -> None:
    assert [i for i, keeps in enumerate(stateful_layers(header, 4)) if keeps] == keep_states
    assert [i for i, sees in enumerate(seeing_layers(header, 4)) if sees] == see


def test_layers_that_only_propose_tokens_have_a_cache_if_they_are_used(tmp_path: Path) -> None:
    header = read_header(write_family(tmp_path / "model.gguf", "llama", LOADABLE["llama"]))
    drafting = replace(header, metadata=dict(header.metadata) | {"llama.nextn_predict_layers": 2})
    settings = LoadSettings(context_length=1024).settled("llm", 4096)

    plain = shape.cache_bytes(header, settings)
    assert shape.cache_bytes(drafting, settings) == (*plain[:6], 0, 0)
    assert shape.cache_bytes(drafting, replace(settings, draft_mtp=True)) == plain
