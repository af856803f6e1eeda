"""What a model is called, from where its file lies."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from lms_jupyter.engine.library.naming import (
    bits_of,
    params_string,
    part_of,
    preferred,
    read_name,
    variant_labels,
)


@pytest.mark.parametrize(
    ("path", "publisher", "name", "quantization"),
    [
        ("lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf", "lms-jupyter", "tutor-1m", "Q8_0"),
        ("a/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf", "a", "qwen3-4b", "Q4_K_M"),
        ("a/Qwen3-4B-GGUF/Qwen3-4B-UD-Q4_K_XL.gguf", "a", "qwen3-4b", "UD-Q4_K_XL"),
        ("a/phi-2-GGUF/phi-2.Q5_K_S.gguf", "a", "phi-2", "Q5_K_S"),
        ("a/b/llama-3.2-1b-instruct-q8_0.gguf", "a", "llama-3.2-1b-instruct", "Q8_0"),
        ("a/Meta-Llama-3.1-8B-GGUF/Q4_K_M.gguf", "a", "meta-llama-3.1-8b", "Q4_K_M"),
        ("a/Gemma-F16-GGUF/model.gguf", "a", "gemma", "F16"),
        ("a/b/nomic-embed-text-v1.5.fp16.gguf", "a", "nomic-embed-text-v1.5", "F16"),
        ("a/b/x-IQ3_XXS.gguf", "a", "x", "IQ3_XXS"),
        ("a/b/x-MXFP4.gguf", "a", "x", "MXFP4"),
        ("a/b/gpt-oss-20b.gguf", "a", "gpt-oss-20b", None),
        ("a/b/Big-Q4_K_M-00001-of-00003.gguf", "a", "big", "Q4_K_M"),
        ("alone.gguf", "local", "alone", None),
        ("Q8_0.gguf", "local", "q8_0", "Q8_0"),
        ("a/b/c/deep-Q8_0.gguf", "a", "deep", "Q8_0"),
    ],
)
def test_a_path_is_read_as_publisher_name_and_quantization(
    path: str, publisher: str, name: str, quantization: str | None
) -> None:
    read = read_name(PurePosixPath(path))

    assert (read.publisher, read.name, read.quantization) == (publisher, name, quantization)


def test_a_part_of_a_split_model_knows_its_place() -> None:
    part = part_of("big-00002-of-00003")

    assert part is not None
    assert (part.number, part.count, part.whole) == (2, 3, "big")
    assert part_of("big-2-of-3") is None


@pytest.mark.parametrize(
    ("quantization", "bits"),
    [
        ("Q4_K_M", 4),
        ("IQ3_XXS", 3),
        ("F16", 16),
        ("BF16", 16),
        ("MXFP4", 4),
        ("TQ1_0", 1),
        ("?", 0),
    ],
)
def test_bits_are_read_from_the_name(quantization: str, bits: int) -> None:
    assert bits_of(quantization) == bits


@pytest.mark.parametrize(
    ("labels", "sizes", "chosen"),
    [
        (["f16", "q4_k_m", "q8_0"], [16, 4, 8], "q4_k_m"),
        (["f16", "q4_0", "q8_0"], [16, 4, 8], "q8_0"),
        (["q4_0", "f16", "q5_1"], [4, 16, 5], "f16"),
    ],
)
def test_a_bare_key_means_q4_k_m_then_q8_0_then_the_largest(
    labels: list[str], sizes: list[int], chosen: str
) -> None:
    assert labels[preferred(labels, sizes)] == chosen


def test_equal_quantizations_get_labels_of_their_own() -> None:
    assert variant_labels(["Q8_0", "Q8_0", "q8_0-2"]) == ["q8_0", "q8_0-2", "q8_0-2-2"]


@pytest.mark.parametrize(
    ("elements", "text"),
    [(912, "912"), (934_528, "935K"), (1_000_000, "1M"), (1_235_814_432, "1.2B"), (7e9, "7B")],
)
def test_parameters_are_written_the_way_models_are_named(elements: float, text: str) -> None:
    assert params_string(int(elements)) == text
