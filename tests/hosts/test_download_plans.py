"""The plan of a download, as hosts show it."""

from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.errors import HostReplyError, LmsError
from lms_jupyter.hosts import sdk_streams
from lms_jupyter.hosts.base import Downloaded, Downloading
from lms_jupyter.hosts.download_plans import read_plan
from lms_jupyter.hosts.planned_offers import offers_of_plan
from lms_jupyter.hosts.sdk import SdkHost
from tests import engines
from tests.engine.flaky_hub import FlakyHub, serving

OPTION = {
    "displayName": "a/b",
    "sizeBytes": 10,
    "compatibilityType": "gguf",
    "quantName": "Q8_0",
    "fitEstimation": "fitWithoutGPU",
    "availability": "notDownloaded",
    "recommended": True,
}
MODEL = {"type": "model", "downloadOptions": [OPTION], "selectedDownloadOptionIndex": 0}


def test_a_plan_says_which_file_and_why() -> None:
    plan = read_plan("a/b", {"nodes": [{"type": "artifact"}, MODEL], "downloadSizeBytes": 10})

    assert (plan.selected, plan.size_bytes, plan.options[0].quantization) == (0, 10, "Q8_0")
    assert plan.reason == "the host recommends it and it fits into main memory"


def test_what_is_there_already_is_said() -> None:
    node = {**MODEL, "selectedDownloadOptionIndex": None}

    assert read_plan("a/b", {"nodes": [node]}).reason == "nothing has to be fetched: it is there"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        {"nodes": 3},
        {"nodes": [3]},
        {"nodes": [{**MODEL, "selectedDownloadOptionIndex": 7}]},
        {"nodes": [{**MODEL, "selectedDownloadOptionIndex": "x"}]},
        {"nodes": [{**MODEL, "downloadOptions": [{}]}]},
        {"nodes": [MODEL], "downloadSizeBytes": -1},
    ],
)
def test_a_plan_that_cannot_be_read_is_one_error(raw: Any) -> None:
    with pytest.raises(HostReplyError):
        read_plan("a/b", raw)


@pytest.mark.asyncio
async def test_the_engine_shows_its_plan_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FlakyHub({"tiny-Q8_0.gguf": bytes(500_000), "tiny-Q4_0.gguf": bytes(1000)})
    with serving(hub) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        options = ("--no-default-models", "--downloads", str(tmp_path / "models"))
        with engines.engine(tmp_path / "home", *options) as address:
            host = SdkHost(address)
            await host.connect()
            try:
                plan = await host.plan("a/tiny", "q4_0")
                assert [option.quantization for option in plan.options] == ["Q4_0", "Q8_0"]
                assert plan.options[plan.selected or 0].quantization == "Q4_0"
                assert plan.size_bytes == 1000
                with pytest.raises(LmsError, match="a/nothing"):
                    await host.plan("a/nothing", None)
                assert hub.asked == []
            finally:
                await host.close()


@pytest.mark.asyncio
async def test_what_only_a_plan_offers_is_fetched_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FlakyHub({"tiny-Q8_0.gguf": bytes(500_000), "tiny-Q4_0.gguf": bytes(1000)})
    with serving(hub) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        models = tmp_path / "models"
        options = ("--no-default-models", "--downloads", str(models))
        with engines.engine(tmp_path / "home", *options) as address:
            host = SdkHost(address)
            await host.connect()
            try:
                offers = offers_of_plan(await host.plan("a/tiny", None))
                small = next(each for each in offers if each.quantization == "Q4_0")
                steps = [
                    step
                    async for step in sdk_streams.download_steps(host._session("repository"), small)
                ]
            finally:
                await host.close()
    assert steps[-1] == Downloaded(model_key="a/tiny")
    assert isinstance(steps[-2], Downloading)
    assert [path.name for path in models.rglob("*.gguf")] == ["tiny-Q4_0.gguf"]
