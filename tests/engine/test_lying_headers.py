"""A header may say anything: what is estimated of it stays a number, and costs no memory itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lms_jupyter.engine.instances.estimate import estimate
from lms_jupyter.engine.library.gguf import GgufHeader, read_header
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .synthetic import write_llm

HUGE = 10**12
LIES: dict[str, list[Any]] = {
    "block_count": [HUGE, 2**63, 10**7, -5, 0, "x", 1.5],
    "embedding_length": [10**15, -1, 0, "x"],
    "attention.head_count": [0, -3, HUGE, "q"],
    "attention.head_count_kv": [0, -1, HUGE, (1, 1, 1), ("a",)],
    "attention.key_length": [-4, 0, HUGE],
    "attention.sliding_window": [-1, 0, HUGE],
    "context_length": [0, -1, 2**62, "x"],
    "feed_forward_length": [-1, 10**18, ()],
    "expert_count": [-1, HUGE],
    "vocab_size": [-1, 10**15],
}


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> GgufHeader:
    return read_header(write_llm(tmp_path_factory.mktemp("models") / "honest.gguf"))


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in LIES.items() for value in values]
)
def test_what_a_header_says_wrongly_is_estimated_all_the_same(
    header: GgufHeader, key: str, value: Any
) -> None:
    lying = replace(header, metadata={**header.metadata, f"llama.{key}": value})

    found = estimate(lying, LoadSettings())

    assert found.total_bytes > 0
    assert found.model_bytes >= 0


@pytest.mark.parametrize("count", [HUGE, -5, 0])
def test_who_names_impossible_layers_is_not_believed(header: GgufHeader, count: int) -> None:
    lying = replace(header, metadata={**header.metadata, "llama.block_count": count})
    assert estimate(lying, LoadSettings()).confidence == "low"
