"""An engine as on a machine with GPUs: what lies where, who leaves for whom, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest

from tests.engine.conftest import EngineProcess, start_engine
from tests.engine.raw import introduced

from .pretended import MIB, Pretended, write_program

pytestmark = pytest.mark.asyncio
SMALL = Pretended(name="CUDA1", description="Pretended 1", total_mib=1100, free_mib=1000)
"""A process on it takes 605 MiB, and with a model of 60 MB some 700: there is room for one."""


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
