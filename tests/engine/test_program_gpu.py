"""A `llama-server` that computes on a GPU: a software one, where the system has one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import lmstudio
import pytest

from lms_jupyter.engine.runtimes.survey import read_devices
from lms_jupyter.engine.settings import SHIPPED_MODELS
from tests import llama_server

from .conftest import start_engine
from .raw import introduced

pytestmark = pytest.mark.asyncio


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that lists a device; skips where none does."""
    found = llama_server.program()
    for name, value in llama_server.SOFTWARE_GPU.items():
        monkeypatch.setenv(name, value)
    listed = subprocess.run(
        [str(found), "--list-devices"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=llama_server.TRY_S,
    )
    if not read_devices(listed.stdout):
        pytest.skip("this system has no software GPU for Vulkan")
    return llama_server.computing()


async def test_layers_lie_on_the_gpu_as_asked(program: Path, tmp_path: Path) -> None:
    engine = start_engine(
        SHIPPED_MODELS, tmp_path / "log", "--llama-server", str(program), "--guardrail", "off"
    )
    with lmstudio.Client(engine.address) as client:
        for name, ratio in (("whole", 1.0), ("half", 0.5), ("off", 0.0)):
            handle = client.llm.load_new_instance(
                "tutor-1m", name, config={"contextLength": 512, "gpu": {"ratio": ratio}}
            )
            assert handle.respond("Hi", config={"maxTokens": 2, "temperature": 0}).content
        async with introduced(engine.address, "system") as system:
            activity = await system.call("getActivity")
        async with introduced(engine.address, "runtime") as runtime:
            survey = await runtime.call("surveyHardware", type="selected")
    assert engine.stop() == 0
    held = {
        one["identifier"]: sum(share["memoryBytes"] for share in one["gpuMemory"])
        for one in activity["instances"]
    }
    assert held["whole"] > held["half"] > held["off"] == 0, json.dumps(activity)
    assert {one["runtime"] for one in activity["instances"]} <= {
        f"llama-server {survey['engines'][0]['version']} (Vulkan)"
    }
    (gpu,) = activity["memory"]["gpus"]
    assert gpu["gpuId"] == "Vulkan0"
    assert survey["engines"][0]["memoryInfo"]["vramCapacity"] == gpu["totalBytes"]
    assert os.environ["GGML_VK_VISIBLE_DEVICES"] == "0"
