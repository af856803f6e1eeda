"""Estimates of models with sliding windows: as llama.cpp lays out their two caches."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.instances.sliding import cached_layers, sliding_layers, window, window_cells
from lms_jupyter.engine.library.gguf import GgufHeader, read_header
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .synthetic_sliding import FAMILIES, write_sliding
from .weighed_worker import resident_bytes


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("gemma3", LoadSettings(context_length=16_384)),
        ("gemma3", LoadSettings(context_length=2048)),
        ("gemma3", LoadSettings(context_length=8192, num_parallel_sessions=1)),
        ("gemma3", LoadSettings(context_length=16_384, unified_kv_cache=False)),
        ("gemma3", LoadSettings(context_length=8192, k_cache_type="q8_0", v_cache_type="q8_0")),
        ("gemma2", LoadSettings(context_length=8192, eval_batch_size=512)),
        ("cohere2", LoadSettings(context_length=16_384)),
        ("olmo2", LoadSettings(context_length=16_384)),
    ],
)
async def test_an_estimate_is_within_five_per_cent_of_a_weighed_worker(
    tmp_path: Path, family: str, settings: LoadSettings
) -> None:
    file = write_sliding(tmp_path / "weighed.gguf", family)

    weighed = await resident_bytes(file, settings, prompt=1900)

    estimated = estimate(read_header(file), settings)
    assert estimated.total_bytes == pytest.approx(weighed, rel=0.05)
    assert estimated.confidence == "high"


@pytest.mark.asyncio
@pytest.mark.parametrize("family", ["gemma3", "olmo2"])
async def test_a_model_of_such_a_family_without_windows_is_a_plain_one(
    tmp_path: Path, family: str
) -> None:
    file = write_sliding(tmp_path / "weighed.gguf", family, window=None)
    settings = LoadSettings(context_length=8192)

    weighed = await resident_bytes(file, settings, prompt=1000)

    assert estimate(read_header(file), settings).total_bytes == pytest.approx(weighed, rel=0.05)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_longer_context_costs_only_the_layers_that_see_it(tmp_path: Path, family: str) -> None:
    header = read_header(write_sliding(tmp_path / "model.gguf", family))
    short, long = (
        estimate(header, LoadSettings(context_length=length)) for length in (8192, 16_384)
    )

    per_layer, mask = 8192 * 2 * 256 * 2, 8192 * 128 * 2
    seeing = 12 - sum(sliding_layers(header, 12))
    assert 0 < seeing < 12
    grown = long.context_bytes - short.context_bytes
    assert grown == seeing * per_layer + mask


def _header(architecture: str, **metadata: object) -> GgufHeader:
    said = {"general.architecture": architecture} | {
        f"{architecture}.{name.replace('__', '.')}": value for name, value in metadata.items()
    }
    return GgufHeader(
        version=3,
        file_bytes=0,
        tensor_count=0,
        metadata=MappingProxyType(said),  # type: ignore[arg-type]
        array_lengths=MappingProxyType({}),
        tensors=None,
    )


def _seen(header: GgufHeader, layers: int) -> list[int]:
    """Return the layers that see the whole context."""
    return [layer for layer, slides in enumerate(sliding_layers(header, layers)) if not slides]


@pytest.mark.parametrize(
    ("header", "length", "seeing"),
    [
        (_header("llama", attention__sliding_window=4096), 0, [0, 1, 2, 3, 4, 5, 6, 7]),
        (_header("gemma2"), 4096, [1, 3, 5, 7]),
        (_header("gemma2", attention__sliding_window=512), 512, [1, 3, 5, 7]),
        (_header("gemma3", attention__sliding_window=512), 512, [5]),
        (_header("gemma3"), 0, [0, 1, 2, 3, 4, 5, 6, 7]),
        (_header("gemma3", attention__sliding_window=0), 0, [0, 1, 2, 3, 4, 5, 6, 7]),
        (
            _header("gemma3", attention__sliding_window=512, attention__sliding_window_pattern=4),
            512,
            [3, 7],
        ),
        (
            _header(
                "gemma3",
                attention__sliding_window=512,
                attention__sliding_window_pattern=(True, False, True),
            ),
            512,
            [1, 3, 4, 5, 6, 7],
        ),
        (_header("gpt-oss", attention__sliding_window=128), 128, [1, 3, 5, 7]),
        (_header("cohere2", attention__sliding_window=4096), 4096, [3, 7]),
        (_header("llama4", attention__sliding_window=1), 8192, [3, 7]),
        (_header("llama4", attention__sliding_window=0), 0, [0, 1, 2, 3, 4, 5, 6, 7]),
        (_header("smallthinker", attention__sliding_window=9), 4096, [0, 4]),
        (_header("exaone4", attention__sliding_window=4096, block_count=30), 0, list(range(8))),
        (_header("exaone4", block_count=64), 4096, [3, 7]),
        (
            _header(
                "gemma4",
                attention__sliding_window=512,
                attention__sliding_window_pattern=(True, True, False, True),
            ),
            512,
            [2, 4, 5, 6, 7],
        ),
        (_header("gemma3", attention__sliding_window=-5), 0, [0, 1, 2, 3, 4, 5, 6, 7]),
        (
            _header("cohere2", attention__sliding_window=9, attention__sliding_window_pattern=0),
            9,
            [],
        ),
    ],
)
def test_the_layers_are_told_apart_as_llama_cpp_does(
    header: GgufHeader, length: int, seeing: list[int]
) -> None:
    assert window(header) == length
    assert _seen(header, 8) == seeing


def test_layers_that_share_a_cache_are_not_counted_twice() -> None:
    assert cached_layers(_header("gemma3n"), 30) == 20
    assert cached_layers(_header("gemma4", attention__shared_kv_layers=10), 35) == 25
    assert cached_layers(_header("gemma4"), 35) == 35


def test_the_cache_of_windows_is_as_long_as_in_llama_cpp() -> None:
    # min(context, window * sessions + batch), rounded up to 256
    assert window_cells(512, 32_768, 4, 128) == 2304
    assert window_cells(512, 2048, 4, 128) == 2048
    assert window_cells(4096, 8192, 1, 512) == 4608
