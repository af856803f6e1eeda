"""A preset and a plan, said as LM Studio's published schemas describe them."""

import asyncio
import json
from pathlib import Path

import pytest

from lms_jupyter.hosts import presets, sdk_streams
from lms_jupyter.hosts.base import LoadOrigin
from lms_jupyter.hosts.planned_offers import offers_of_plan
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.protocol.loads import LoadRequest
from tests import engines
from tests.engine.flaky_hub import FlakyHub, serving
from tests.hosts.strict import strict
from tests.hosts.studio import Studio

KEY = "qwen/qwen3-4b"
PRESET = {
    "identifier": "@local:calm",
    "name": "calm",
    "operation": {
        "fields": [
            {"key": "llm.prediction.systemPrompt", "value": "Be brief."},
            {"key": "llm.prediction.temperature", "value": 0.2},
            {"key": "llm.prediction.topPSampling", "value": {"checked": True, "value": 0.9}},
        ]
    },
    "load": {"fields": [{"key": "llm.load.contextLength", "value": 640}]},
}


def test_a_preset_is_used_for_a_load_and_a_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".lmstudio" / "config-presets"
    folder.mkdir(parents=True)
    (folder / "calm.preset.json").write_text(json.dumps(PRESET))
    preset = presets.find_preset("calm")

    async def use(address: str) -> None:
        host = SdkHost(address)
        await host.connect()
        try:
            asked = LoadRequest(model_key=KEY, mode="new", config=presets.load_config(preset))
            async for _ in host.load(asked, LoadOrigin(load_id="1")):
                pass
            (instance,) = (await host.poll()).instances
            messages = [Message(role="user", text="Hello")]
            sampling = presets.sampled_by(Sampling(seed=3), preset)
            async for _ in host.respond(instance, messages, sampling):
                pass
        finally:
            await host.close()

    with Studio() as studio, strict(studio.address) as host:
        asyncio.run(use(host.address))
        assert host.wrong() == []
        assert {("llm", "loadModel"), ("llm", "predict")} <= host.sent()
        (prediction,) = studio.predictions
    layers = prediction["predictionConfigStack"]["layers"]
    assert [layer["layerName"] for layer in layers] == ["preset", "apiOverride"]


def test_a_plan_is_asked_for_changed_and_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(address: str) -> None:
        host = SdkHost(address)
        await host.connect()
        try:
            offers = offers_of_plan(await host.plan("a/tiny", "q8_0"))
            for offer in offers:
                session = host._session("repository")
                async for _ in sdk_streams.download_steps(session, offer):
                    pass
        finally:
            await host.close()

    hub = FlakyHub({"tiny-Q8_0.gguf": bytes(5000), "tiny-Q4_0.gguf": bytes(1000)})
    with serving(hub) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        options = ("--no-default-models", "--downloads", str(tmp_path / "models"))
        with engines.engine(tmp_path / "home", *options) as address, strict(address) as host:
            asyncio.run(fetch(host.address))
            plans = [each for each in host.passed if each["endpoint"] == "createDownloadPlan"]
            host.passed = plans
            assert host.wrong() == []
            assert {each["kind"] for each in plans} >= {"creation", "message", "packet"}
    assert len(list((tmp_path / "models").rglob("*.gguf"))) == 2
