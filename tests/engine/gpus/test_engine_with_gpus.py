"""An engine as on a machine with GPUs: what lies where, who leaves for whom, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest

from tests.engine.conftest import EngineProcess, start_engine
from tests.engine.raw import introduced

from .pretended import MIB, Pretended, write_program

pytestmark = pytest.mark.asyncio
SMALL = Pretended(name="CUDA1", description="Pretended 1", total_mib=800, free_mib=700)
"""A process on it takes 605 MiB: there is no room for a whole model of 60 MB beside that."""


@pytest.fixture(scope="module")
def engine(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("gpus")
    program = write_program(folder / "llama-server", Pretended(), SMALL)
    running = start_engine(models, folder / "log", "--llama-server", str(program))
    yield running
    assert running.stop() == 0


async def _activity(engine: EngineProcess) -> dict[str, Any]:
    async with introduced(engine.address, "system") as system:
        activity: dict[str, Any] = await system.call("getActivity")
        return activity


def _held(activity: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return instance → GPU → mebibytes."""
    return {
        one["identifier"]: {
            share["gpuId"]: round(share["memoryBytes"] / MIB) for share in one["gpuMemory"]
        }
        for one in activity["instances"]
    }


async def test_layers_lie_where_they_are_asked_for(
    engine: EngineProcess, client: lmstudio.Client
) -> None:
    for name, config in {
        "whole": {"gpu": {"ratio": 1.0, "disabledGpus": [1]}},
        "half": {"gpu": {"ratio": 0.5, "disabledGpus": [1]}},
        "off": {"gpu": {"ratio": 0.0}},
        "on both": {"gpu": {"ratio": 1.0, "splitStrategy": "evenly"}},
    }.items():
        client.llm.load_new_instance("big-llm", name, config={"contextLength": 256, **config})

    held = _held(await _activity(engine))

    assert held["off"] == {}
    assert held["half"]["CUDA0"] == pytest.approx(held["whole"]["CUDA0"] * 4 / 9, abs=1)
    assert set(held["whole"]) == {"CUDA0"}
    assert set(held["on both"]) == {"CUDA0", "CUDA1"}


async def test_the_survey_of_the_machine_has_its_gpus(engine: EngineProcess) -> None:
    async with introduced(engine.address, "runtime") as runtime:
        survey = await runtime.call("surveyHardware", type="selected")
    (found,) = survey["engines"]
    assert [one["name"] for one in found["hardwareSurvey"]["gpuSurveyResult"]["gpuInfo"]] == [
        "Pretended 24",
        "Pretended 1",
    ]
    assert found["memoryInfo"]["vramCapacity"] == (24_000 + 800) * MIB


async def test_what_cannot_be_had_is_one_sentence_and_who_is_there_lives_on(
    client: lmstudio.Client,
) -> None:
    there = client.llm.load_new_instance("big-llm", "there", config={"contextLength": 256})
    for gpu, sentence in (
        ({"disabledGpus": [7]}, "There is no GPU 7: llama.cpp has 0 (Pretended 24), 1"),
        ({"mainGpu": 2, "splitStrategy": "favorMainGpu"}, "There is no GPU 2"),
        ({"ratio": 1.0, "disabledGpus": [0, 1]}, "all GPUs are disabled"),
        ({"ratio": "half"}, "a number from 0 to 1, not 'half'"),
        ({"ratio": 1.0, "disabledGpus": [0]}, "of Pretended 1 (CUDA1), but only 0.73 GB are"),
    ):
        config: Any = {"contextLength": 256, "gpu": gpu}
        with pytest.raises(lmstudio.LMStudioServerError, match=re.escape(sentence)):
            client.llm.load_new_instance("big-llm", "refused", config=config)
        assert there.respond("Hi", config={"maxTokens": 2}).content is not None
    assert [one.identifier for one in client.llm.list_loaded()] == ["there"]


async def test_where_nothing_is_said_a_small_gpu_takes_what_fits(
    engine: EngineProcess, client: lmstudio.Client
) -> None:
    client.llm.load_new_instance(
        "big-llm", "fits", config={"contextLength": 256, "gpu": {"disabledGpus": [0]}}
    )
    (instance,) = (await _activity(engine))["instances"]
    (share,) = instance["gpuMemory"]
    assert share["gpuId"] == "CUDA1"
    assert 0 < share["memoryBytes"] < 60_000_000
