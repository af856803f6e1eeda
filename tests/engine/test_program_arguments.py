"""What a `llama-server` is told: each setting has its flag, in every release that we know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lms_jupyter.engine.runtimes.flags import CHILD_MODE, FLAGS, MTP
from lms_jupyter.engine.worker.arguments import Arguments, command_line, warms_up
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Order, Placement

ALL = frozenset({CHILD_MODE, MTP, *(names[0] for names in FLAGS.values())})
OLD = frozenset({CHILD_MODE, *(names[-1] for names in FLAGS.values())})
ORDER = Order(
    identifier="a,b",
    api_key="secret",
    file="/models/m.gguf",
    mmproj=None,
    draft_file=None,
    size_bytes=10**9,
    embedding=False,
    placement=Placement(),
    settings=LoadSettings(context_length=2048).settled("llm", 4096),
)


def told(order: Order = ORDER, known: frozenset[str] = ALL, **settings: Any) -> list[str]:
    line = _line(replace(order, settings=replace(order.settings, **settings)), known)
    assert not line.missing
    return line.given


def _line(order: Order, known: frozenset[str]) -> Arguments:
    return command_line(order, known, lambda path: path, lambda text: f"/dev/fd/{len(text)}")


def holds(line: list[str], *words: str) -> bool:
    return any(tuple(line[i : i + len(words)]) == words for i in range(len(line)))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"eval_batch_size": 512, "physical_batch_size": 128}, "--ubatch-size 128"),
        ({"unified_kv_cache": False}, "--no-kv-unified"),
        ({"unified_kv_cache": True}, "--kv-unified"),
        ({"cpu_threads": 3}, "--threads-batch 3"),
        ({"flash_attention": False}, "--flash-attn off"),
        ({"k_cache_type": "q8_0"}, "--cache-type-k q8_0"),
        ({"v_cache_type": "f32"}, "--cache-type-v f32"),
        ({"try_mmap": False}, "--load-mode none"),
        ({"try_mmap": False, "keep_in_memory": True}, "--load-mode mlock"),
        ({"keep_in_memory": True}, "--load-mode mmap+mlock"),
        ({"try_direct_io": True}, "--load-mode dio"),
        ({"rope_frequency_base": 5e5}, "--rope-freq-base 500000.0"),
        ({"rope_frequency_scale": 0.5}, "--rope-freq-scale 0.5"),
        ({"seed": -1}, "--seed 4294967295"),
        ({"context_checkpoints": 3}, "--ctx-checkpoints 3"),
        ({"prompt_template": "x" * 7}, "--chat-template-file /dev/fd/7"),
        ({"reasoning_budget_message": "enough"}, "--reasoning-budget-message enough"),
        ({"draft_mtp": True}, "--spec-type draft-mtp"),
    ],
)
def test_a_setting_is_told(settings: dict[str, Any], words: str) -> None:
    assert holds(told(**settings), *words.split())


def test_metadata_is_replaced_as_the_order_says() -> None:
    order = replace(ORDER, overrides=("llama.expert_used_count=int:4",))
    assert holds(told(order), "--override-kv", "llama.expert_used_count=int:4")


def test_what_is_not_set_is_left_to_llama_cpp() -> None:
    line = told()
    for flag in ("--flash-attn", "--seed", "--threads", "--chat-template-file", "--spec-type"):
        assert flag not in line


def test_nobody_but_the_engine_is_let_in_and_nothing_is_kept_that_it_does_not_use() -> None:
    line = told()
    assert holds(line, "--host", "127.0.0.1")
    assert holds(line, "--port", "0")
    assert holds(line, "--api-key-file", f"/dev/fd/{len('secret') + 1}")
    assert "secret" not in line
    assert holds(line, "--alias", "a b")
    assert holds(line, "--cache-ram", "0")
    assert holds(line, "--fit", "off")
    assert {"--no-slots", "--no-ui", "--no-cors-credentials", "--offline"} <= set(line)
    assert "--no-warmup" not in line
    assert "--no-warmup" in told(replace(ORDER, size_bytes=10**6))


def test_a_gpu_warms_up_for_tiny_models_too() -> None:
    tiny = replace(ORDER, size_bytes=10**6)
    on_gpu = replace(tiny, placement=Placement(gpu_layers=2))

    assert "--no-warmup" not in told(on_gpu)
    assert [warms_up(tiny, gpu=True), warms_up(on_gpu, gpu=False)] == [False, False]
    assert [warms_up(on_gpu, gpu=True), warms_up(ORDER, gpu=False)] == [True, True]


def test_no_layer_on_a_gpu_means_no_gpu_at_all() -> None:
    line = told(replace(ORDER, mmproj="/models/p.gguf", draft_file="/models/d.gguf"))
    for words in ("--device none", "--gpu-layers 0", "--spec-draft-ngl 0"):
        assert holds(line, *words.split())
    assert holds(line, "--spec-draft-device", "none")
    assert "--no-mmproj-offload" in line


def test_a_placement_is_told_in_llama_cpp_s_terms() -> None:
    placement = Placement(
        gpu_layers=20,
        devices=("CUDA1", "CUDA0"),
        tensor_split=(3.0, 1.0),
        cpu_expert_layers=4,
    )
    line = told(replace(ORDER, placement=placement), offload_kv_cache_to_gpu=False)
    for words in (
        "--gpu-layers 20",
        "--device CUDA1,CUDA0",
        "--tensor-split 3.0,1.0",
        "--n-cpu-moe 4",
        "--no-kv-offload",
    ):
        assert holds(line, *words.split()), words


def test_an_older_release_is_told_the_same_in_its_own_words() -> None:
    known = OLD - {"--load-mode", "--spec-type"}
    order = replace(ORDER, draft_file="/models/d.gguf")
    line = told(order, known, keep_in_memory=True, try_mmap=False, draft_max_tokens=4)
    for words in ("--mlock", "--no-mmap", "--model-draft /models/d.gguf", "--draft-max 4"):
        assert holds(line, *words.split()), words
    assert "--load-mode" not in line


@pytest.mark.parametrize(
    ("settings", "flag"),
    [
        ({"seed": 1}, "--seed"),
        ({"draft_mtp": True}, MTP),
        ({"reasoning_budget_message": "x"}, "--reasoning-budget-message"),
        ({"unified_kv_cache": False}, "--no-kv-unified"),
    ],
)
def test_what_a_release_cannot_be_told_is_named(settings: dict[str, Any], flag: str) -> None:
    order = replace(ORDER, settings=replace(ORDER.settings, **settings))
    assert flag in _line(order, ALL - {flag}).missing


def test_every_setting_of_a_load_is_told_or_known_to_be_another_s() -> None:
    """Fails when somebody adds a setting, and a program would not hear of it."""
    elsewhere = {
        "gpu_offload_ratio": "the placement",
        "main_gpu": "the placement",
        "split_strategy": "the placement",
        "disabled_gpus": "the placement",
        "gpu_priority": "the placement",
        "gpu_custom_ratio": "the placement",
        "gpu_strict_vram_cap": "the placement",
        "num_cpu_expert_layers_ratio": "the placement",
        "tensor_split": "the placement",
        "num_experts": "the loader, which refuses another number",
        "context_length": "every order",
        "num_parallel_sessions": "every order",
        "offload_kv_cache_to_gpu": "the test of a placement",
        "draft_model": "the order's file",
        "draft_max_tokens": "the tests of drafts",
        "draft_min_tokens": "the tests of drafts",
        "draft_min_probability": "the tests of drafts",
    }
    others: dict[str, Any] = {
        "eval_batch_size": 512,
        "physical_batch_size": 64,
        "unified_kv_cache": False,
        "cpu_threads": 7,
        "flash_attention": True,
        "k_cache_type": "f32",
        "v_cache_type": "f32",
        "try_mmap": False,
        "try_direct_io": True,
        "keep_in_memory": True,
        "rope_frequency_base": 1.0,
        "rope_frequency_scale": 1.0,
        "seed": 5,
        "context_checkpoints": 1,
        "prompt_template": "x",
        "reasoning_budget_message": "x",
        "draft_mtp": True,
    }
    plain = told()
    for name in LoadSettings.__dataclass_fields__:
        if name not in elsewhere:
            assert told(**{name: others[name]}) != plain, name
