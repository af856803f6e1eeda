"""Every key of LM Studio's load configurations: applied, refused with the reason, or of no matter.

What is applied is read back from the loaded instance, as far as a machine without a GPU lets it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lmstudio
import psutil
import pytest

from lms_jupyter.engine.errors import UnsupportedError
from lms_jupyter.engine.wire.load_config import load_config, load_settings
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.protocol.load_keys import LOAD_KEYS

from .conftest import EngineProcess
from .raw import introduced

LLAMA = "llm.load.llama"
DRAFT = f"{LLAMA}.speculativeDecoding"


def ticked(value: Any) -> dict[str, Any]:
    return {"checked": True, "value": value}


def _split(strategy: str, **more: Any) -> dict[str, Any]:
    return {"strategy": strategy, "disabledGpus": [], "priority": [], "customRatio": []} | more


APPLIED: dict[str, Any] = {
    "llm.load.contextLength": 512,
    "llm.load.numParallelSessions": 2,
    "llm.load.seed": ticked(7),
    "llm.load.promptTemplate": {
        "type": "jinja",
        "jinjaPromptTemplate": {"template": "{{ messages[0].content }}"},
        "stopStrings": [],
    },
    f"{LLAMA}.evalBatchSize": 64,
    f"{LLAMA}.physicalBatchSize": 32,
    f"{LLAMA}.flashAttention": True,
    f"{LLAMA}.contextCheckpoints": 3,
    f"{LLAMA}.cpuThreadPoolSize": 2,
    f"{LLAMA}.ropeFrequencyBase": ticked(20_000.0),
    f"{LLAMA}.ropeFrequencyScale": ticked(0.5),
    f"{LLAMA}.tryMmap": False,
    f"{LLAMA}.tryDirectIO": True,
    f"{LLAMA}.kCacheQuantizationType": ticked("f32"),
    f"{LLAMA}.vCacheQuantizationType": ticked("f32"),
    f"{LLAMA}.reasoningBudgetMessage": "enough",
    f"{DRAFT}.draftModel": "tiny-llm@f16",
    f"{DRAFT}.draftMaxTokens": 5,
    f"{DRAFT}.draftMinTokens": 1,
    f"{DRAFT}.draftMinContinueProbability": 0.5,
}
WITHOUT_A_GPU: dict[str, tuple[Any, Any]] = {
    f"{LLAMA}.acceleration.offloadRatio": (0.5, "off"),
    "llm.load.offloadKVCacheToGpu": (True, False),
    "load.gpuSplitConfig": (_split("custom", customRatio=[1, 2]), None),
    f"{LLAMA}.autoFit": (True, False),
}
"""What is asked, and what is in effect."""
REFUSED: dict[str, tuple[Any, str]] = {
    "llm.load.numExperts": (4, "has no experts"),
    f"{LLAMA}.argumentsOverride": (["--mlock"], "cannot be had: xllamacpp reads no command line"),
    f"{DRAFT}.draftMtp": (True, "has no"),
    f"{DRAFT}.draftDflashSidecar": (True, "cannot be had"),
    f"{DRAFT}.draftDsparkSidecar": (True, "cannot be had"),
    f"{DRAFT}.draftMtpSidecar": (True, "cannot be had"),
}
OF_NO_MATTER: dict[str, Any] = {
    "load.gpuStrictVramCap": True,
    "llm.load.numCpuExpertLayersRatio": 0.5,
    "llm.load.autoFitMinContextLength": 256,
    "llm.load.mlx.autoFit": False,
    "llm.load.yuzu.autoFit": False,
    "llm.load.mlx.diskCache": True,
    "llm.load.mlx.kvCacheQuantization": {
        "enabled": True,
        "bits": 8,
        "groupSize": 64,
        "quantizedStart": 0,
    },
    "llm.load.vllm.anything": 1,
    f"{DRAFT}.draftSimple": True,
    "envVars": {"HSA_OVERRIDE_GFX_VERSION": "10.3.0"},
}


def _stack(values: dict[str, Any]) -> dict[str, Any]:
    fields = [{"key": name, "value": value} for name, value in values.items()]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


async def _loaded(
    engine: EngineProcess, asked: dict[str, Any], key: str = "tiny-llm@q8_0", space: str = "llm"
) -> tuple[dict[str, Any], str]:
    """Load with these values; return the effective ones, or the error instead."""
    async with introduced(engine.address, space) as raw:
        channel = await raw.open(
            "loadModel", modelKey=key, identifier="it", loadConfigStack=_stack(asked)
        )
        _, last = await raw.end(channel)
        if last["type"] == "channelError":
            return {}, str(last["error"]["title"])
        one = {"type": "query", "query": {"identifier": "it"}}
        config = await raw.call("getLoadConfig", specifier=one)
        await raw.call("unloadModel", identifier="it")
    return {field["key"]: field["value"] for field in config["fields"]}, ""


@pytest.mark.asyncio
async def test_what_llama_cpp_understands_is_applied_and_reported(engine: EngineProcess) -> None:
    effective, error = await _loaded(engine, APPLIED)
    assert error == ""
    assert {name: effective.get(name) for name in APPLIED} == APPLIED


@pytest.mark.asyncio
async def test_sessions_with_caches_of_their_own_share_the_context(engine: EngineProcess) -> None:
    sessions = {"llm.load.numParallelSessions": 2, "llm.load.useUnifiedKvCache": False}
    effective, error = await _loaded(engine, sessions | {"llm.load.contextLength": 1024})
    assert error == ""
    assert effective.items() >= (sessions | {"llm.load.contextLength": 512}).items()


@pytest.mark.asyncio
@pytest.mark.parametrize("key", WITHOUT_A_GPU)
async def test_what_needs_a_gpu_is_reported_as_it_came_out(engine: EngineProcess, key: str) -> None:
    asked, expected = WITHOUT_A_GPU[key]
    effective, error = await _loaded(engine, {key: asked})
    assert error == ""
    assert effective.get(key) == expected


@pytest.mark.asyncio
@pytest.mark.parametrize("key", REFUSED)
async def test_what_cannot_be_had_is_refused_with_the_reason(
    engine: EngineProcess, key: str
) -> None:
    asked, reason = REFUSED[key]
    effective, error = await _loaded(engine, {key: asked})
    assert effective == {}
    assert reason in error


@pytest.mark.asyncio
async def test_what_says_nothing_to_llama_cpp_is_neither_refused_nor_reported(
    engine: EngineProcess,
) -> None:
    effective, error = await _loaded(engine, OF_NO_MATTER)
    assert error == ""
    assert not OF_NO_MATTER.keys() & effective.keys()


@pytest.mark.asyncio
async def test_an_embedding_model_takes_its_own_keys(engine: EngineProcess) -> None:
    llama = "embedding.load.llama"
    asked = {
        "embedding.load.contextLength": 256,
        f"{llama}.ropeFrequencyBase": ticked(20_000.0),
        f"{llama}.ropeFrequencyScale": ticked(0.5),
        f"{llama}.tryMmap": False,
        "embedding.load.seed": ticked(3),
    }
    effective, error = await _loaded(engine, asked, "tiny-embed", "embedding")
    assert error == ""
    assert {name: effective.get(name) for name in asked} == asked


@pytest.mark.asyncio
async def test_memory_counts_as_locked_only_if_the_system_has_locked_it(
    engine: EngineProcess,
) -> None:
    key = f"{LLAMA}.keepModelInMemory"
    async with introduced(engine.address, "llm") as llm:
        channel = await llm.open(
            "loadModel", modelKey="tiny-llm", loadConfigStack=_stack({key: True})
        )
        await llm.end(channel)
        locked = [_locked_kb(child) for child in engine.children]
        one = {"type": "query", "query": {"identifier": "tiny-llm"}}
        config = await llm.call("getLoadConfig", specifier=one)
        await llm.call("unloadModel", identifier="tiny-llm")
    effective = {field["key"]: field["value"] for field in config["fields"]}
    assert effective[key] is (max(locked) > 0)


def _locked_kb(child: psutil.Process) -> int:
    with Path(f"/proc/{child.pid}/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmLck:"))


def test_a_seed_of_the_load_is_that_of_its_answers(tutor_engine: EngineProcess) -> None:
    answers = []
    with lmstudio.Client(tutor_engine.address) as client:
        for seed in (7, 7, 8):
            model = client.llm.load_new_instance("tutor-1m", config={"seed": seed})
            said = model.respond("Tell me a story.", config={"temperature": 1.5, "maxTokens": 30})
            answers.append(said.content)
            model.unload()
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_a_split_is_written_as_it_was_read() -> None:
    for asked in (
        _split("custom", customRatio=[3.0, 1.0], disabledGpus=[1]),
        _split("priorityOrder", priority=[2]),
        _split("evenly", disabledGpus=[0]),
    ):
        settings = load_settings(_stack({"load.gpuSplitConfig": asked}), "llm")
        config = load_config(settings, "llm")
        assert {"key": "load.gpuSplitConfig", "value": asked} in config["fields"]


def test_the_usual_split_is_not_worth_a_word() -> None:
    config = load_config(
        load_settings(_stack({"load.gpuSplitConfig": _split("evenly")}), "llm"), "llm"
    )
    assert "load.gpuSplitConfig" not in {field["key"] for field in config["fields"]}


def test_layers_are_not_cut_into_pieces() -> None:
    with pytest.raises(UnsupportedError, match=r"'tensor' .* cannot be had"):
        load_settings(_stack({"load.gpuSplitConfig": _split("tensor")}), "llm")


@pytest.mark.parametrize(
    ("key", "value"),
    [("load.gpuStrictVramCap", True), ("llm.load.numCpuExpertLayersRatio", 0.5)],
)
def test_what_only_gpus_need_is_written_as_it_was_read(key: str, value: object) -> None:
    config = load_config(load_settings(_stack({key: value}), "llm"), "llm")
    assert {"key": key, "value": value} in config["fields"]


def test_a_draft_that_is_switched_off_is_not_loaded() -> None:
    named = {f"{DRAFT}.draftModel": "x"}
    assert load_settings(_stack(named), "llm").draft_model == "x"
    assert load_settings(_stack(named | {f"{DRAFT}.draftSimple": False}), "llm").draft_model is None
    with pytest.raises(UnsupportedError, match="draftMtpSidecar"):
        load_settings(_stack({f"{DRAFT}.draftMtpSidecar": True}), "llm")


def test_the_form_says_what_the_engine_takes_where_nothing_is_said() -> None:
    ours = {
        "parallel": "num_parallel_sessions",
        "use_unified_kv_cache": "unified_kv_cache",
        "keep_model_in_memory": "keep_in_memory",
    }
    settled = LoadSettings().settled("llm", 131_072)

    said = {key.name: key.usual for key in LOAD_KEYS if key.usual is not None}

    assert said == {name: getattr(settled, ours.get(name, name)) for name in said}
    assert said["context_length"] == 4096
