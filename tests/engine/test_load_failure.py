"""What a user reads when llama.cpp could not load a file. The lines are llama.cpp's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lms_jupyter.engine.worker.load_failure import explain

FILE = Path("/models/a/b/c.gguf")
CASES = {
    "E gguf_init_from_file: invalid magic characters: 'NOPE', expected 'GGUF'": "not a GGUF file",
    "E llama_model_load: error loading model: tensor 'output.weight' data is not within the file "
    "bounds, model is corrupted or incomplete": "truncated or damaged",
    "E alloc_tensor_range: failed to allocate CPU buffer of size 999": "not enough memory",
    "E alloc_tensor_range: failed to allocate CUDA0 buffer of size 999": "memory on the GPU CUDA0",
    "E llama_model_load: error loading model: unable to allocate Vulkan1 buffer": "GPU Vulkan1 to",
    "E llama_model_load: error loading model: unknown model architecture: 'x9'": "architecture",
    "E llama_init_from_model: V cache quantization requires flash_attn": "flash attention",
    "E llama_init_from_model: K cache type q8_0 with block size 32 does not divide "
    "n_embd_head_k=16": "Blocks of 32 values, as in a q8_0 cache, do not fit the heads of 16",
    "E gguf_init_from_file: failed to open GGUF file '/c' (No such file)": "cannot be opened",
    "E common_speculative_init_result: failed to create MTP context": "no layers of its own",
    "E cannot run /opt/llama-server: No such file or directory": "/opt/llama-server, which is to "
    "load /models/a/b/c.gguf, cannot be run: No such file or directory.",
    "E this xllamacpp has no load_mtp": "has no parameter load_mtp, which the load of /models",
    "E srv load: chat template parsing error: error: Unexpected token: x": ": Unexpected token",
    "E srv load_model: something entirely new": "something entirely new",
}


@pytest.mark.parametrize(("line", "told"), CASES.items())
def test_the_reason_is_told_in_one_sentence(line: str, told: str) -> None:
    stderr = ["0.00.1 I all is well", f"0.00.2 {line}", "0.00.3 E srv init: exiting due to model"]
    error = explain(stderr, 1, FILE)
    assert told in error.title
    assert str(FILE) in error.title or "cache" in error.title
    assert error.title.endswith(".")
    assert "exiting due to" not in error.title + error.hint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("CUDA error: out of memory", "CUDA error: out of memory"),
        ("  what():  vk::Queue::submit: ErrorDeviceLost", "vk::Queue::submit: ErrorDeviceLost"),
    ],
)
def test_what_a_driver_says_is_told(line: str, told: str) -> None:
    error = explain(["0.00.1 I all is well", line], -6, FILE)
    assert error.title == f"The driver of the GPU gave up while {FILE} was loaded: {told}."


def test_a_build_for_another_processor_is_told_as_one() -> None:
    assert "cannot run on this machine's processor" in explain([], -4, FILE).title


def test_a_program_is_called_what_it_is() -> None:
    error = explain(["0.1 E this llama-server has no --seed"], 1, FILE)
    assert "release of llama-server has no parameter --seed" in error.title
    assert "newer llama-server" in error.hint


def test_a_child_that_was_killed_is_told_so_by_the_name_of_the_signal() -> None:
    assert "SIGKILL" in explain([], -9, FILE).title
    assert "signal 99" in explain([], -99, FILE).title


def test_a_child_that_says_nothing_is_told_so() -> None:
    assert "gave no reason" in explain([], 3, FILE).title
