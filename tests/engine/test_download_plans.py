"""`lms get`: a plan is shown, changed and carried out, from a source that is really asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.engine.downloads.hub import DownloadOption, RemoteFile
from lms_jupyter.engine.downloads.plan import Choice, DownloadPlan, Preference, preferences, select
from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.wire.download_plan import plan_info
from lms_jupyter.engine.wire.staff_picks import is_exact, staff_picks

from .conftest import EngineProcess
from .flaky_hub import FlakyHub
from .raw import Raw, introduced
from .synthetic import write_projector

ARTIFACT = {"type": "artifact", "owner": "a", "name": "tiny"}
SOURCE = {"type": "model", "source": {"type": "huggingface", "user": "a", "repo": "tiny-GGUF"}}


def _option(label: str, *, recommended: bool = False) -> DownloadOption:
    file = RemoteFile(path=f"sub/x-{label.upper()}.gguf", size_bytes=10, sha256=None)
    return DownloadOption(
        repository="a/x",
        quantization=label.upper(),
        label=label,
        files=(file,),
        recommended=recommended,
    )


Q4, Q8 = Choice(option=_option("q4_0")), Choice(option=_option("q8_0", recommended=True))
OWNED = Choice(option=_option("q4_0"), availability="downloaded", model_key="x")


@pytest.mark.parametrize(
    ("choices", "wanted", "place"),
    [
        ((Q4, Q8), (), 1),
        ((Q4, Q8), (Preference(kind="quantName", name="Q4_0"),), 0),
        ((Q4, Q8), (Preference(kind="fileName", name="X-q4_0.gguf"),), 0),
        ((Q4, Q8), (Preference(kind="quantName", name="q2_k"),), 1),
        ((OWNED, Q8), (), None),
        ((OWNED, Q8), (Preference(kind="quantName", name="q8_0"),), 1),
    ],
)
def test_what_is_preferred_comes_before_what_is_there_and_that_before_what_is_recommended(
    choices: tuple[Choice, ...], wanted: tuple[Preference, ...], place: int | None
) -> None:
    assert select(choices, wanted) == place


def test_a_download_under_way_is_joined_and_what_is_there_costs_nothing() -> None:
    running = Choice(option=_option("q8_0"), availability="downloading", job_id="j")
    joined = plan_info(DownloadPlan(choices=(running,), selected=0))
    there = plan_info(DownloadPlan(choices=(OWNED, Q8), selected=None))

    assert joined["downloadAction"] == "attachToExistingDownload"
    assert (joined["downloadJobIdentifier"], joined["downloadSizeBytes"]) == ("j", 10)
    assert (there["downloadAction"], there["downloadSizeBytes"]) == ("none", 0)
    assert there["nodes"][0]["alreadyOwned"]["modelKey"] == "x"


@pytest.mark.parametrize("asked", ["x", [1], [{"type": "size"}], [{"type": "fileName"}]])
def test_preferences_that_make_no_sense_are_refused(asked: Any) -> None:
    with pytest.raises(BadRequestError):
        preferences({"resolutionPreference": asked})


def test_staff_picks_are_named_as_artifacts_are() -> None:
    found = ["Acme/Tiny-LLM-GGUF", "with_underscore/x", "acme/a--b"]

    (pick,) = staff_picks(found, "tiny-llm")

    assert (pick["owner"], pick["name"], pick["exact"]) == ("acme", "tiny-llm-gguf", True)
    assert not is_exact("Acme/Tiny-LLM-GGUF", "tiny")


async def _ready(raw: Raw, target: dict[str, Any], **opts: Any) -> tuple[int, dict[str, Any]]:
    channel = await raw.open("createDownloadPlan", target=target, opts=opts)
    plan: dict[str, Any] = (await raw.packet(channel, "planReady"))["plan"]
    return channel, plan


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "place"), [(ARTIFACT, 1), (ARTIFACT | {"name": "tiny-gguf"}, 1), (SOURCE, 0)]
)
async def test_a_plan_downloads_what_it_shows(
    fetching: EngineProcess, target: dict[str, Any], place: int
) -> None:
    async with (
        introduced(fetching.address, "repository") as raw,
        introduced(fetching.address, "system") as system,
    ):
        channel, plan = await _ready(raw, target)
        model = plan["nodes"][place]
        assert (model["state"], plan["downloadAction"]) == ("completed", "startNewDownload")
        assert plan["downloadSizeBytes"] == model["selected"]["sizeBytes"] > 0
        await raw.say(channel, "commit")
        packets, last = await raw.end(channel)
        listed = await system.call("listDownloadedModels")
        again, owned = await _ready(raw, target)
        await raw.say(again, "commit")
        nothing, _ = await raw.end(again)

    assert (packets[-1], last["type"]) == ({"type": "success"}, "channelClose")
    assert {"type": "startFinalizing"} in packets
    assert [one["path"] for one in listed] == ["a/tiny-GGUF/new-F16.gguf"]
    assert (owned["downloadAction"], owned["downloadSizeBytes"]) == ("none", 0)
    assert owned["nodes"][place]["alreadyOwned"]["modelKey"] == listed[0]["modelKey"]
    assert nothing == [{"type": "success"}]


@pytest.mark.asyncio
async def test_another_option_is_chosen_and_the_plan_reaches_the_version_that_is_waited_for(
    fetching: EngineProcess, hub: FlakyHub
) -> None:
    hub.files["new-Q8_0.gguf"] = hub.files["new-F16.gguf"][:-1]
    async with introduced(fetching.address, "repository") as raw:
        preferred = [{"type": "quantName", "quantName": "f16"}]
        channel, plan = await _ready(raw, SOURCE, resolutionPreference=preferred)
        (node,) = plan["nodes"]
        names = [one["quantName"] for one in node["downloadOptions"]]
        assert names[node["selectedDownloadOptionIndex"]] == "F16"
        assert names[node["recommendedDownloadOptionIndex"]] == "Q8_0"
        message = {
            "type": "setSelectedDownloadOptionIndex",
            "nodeIndex": 0,
            "selectedDownloadOptionIndex": names.index("Q8_0"),
            "requestedPlanVersion": 9,
        }
        frame = {"type": "channelSend", "channelId": channel}
        await raw.socket.send_json(frame | {"message": message})
        changed = (await raw.packet(channel, "planUpdated"))["plan"]
        assert changed["version"] == 9
        assert changed["nodes"][0]["selected"]["quantName"] == "Q8_0"
        await raw.socket.send_json(frame | {"message": message | {"nodeIndex": 4}})
        _, last = await raw.end(channel)
        assert last["error"]["errorData"]["code"] == "invalid_request"
        given_up, _ = await _ready(raw, SOURCE)
        await raw.say(given_up, "cancelPlan")
        assert (await raw.end(given_up)) == ([], {"type": "channelClose", "channelId": given_up})


@pytest.mark.asyncio
async def test_a_model_whose_projector_is_missing_is_not_there_yet(
    fetching: EngineProcess, hub: FlakyHub, tmp_path: Path
) -> None:
    async with introduced(fetching.address, "repository") as raw:
        channel, _ = await _ready(raw, SOURCE)
        await raw.say(channel, "commit")
        await raw.end(channel)
        projector = write_projector(tmp_path / "projector.bin").read_bytes()
        hub.files["mmproj-new-F16.gguf"] = projector
        again, plan = await _ready(raw, SOURCE)
        await raw.say(again, "commit")
        packets, _ = await raw.end(again)
        _, owned = await _ready(raw, SOURCE)
    assert (plan["nodes"][0]["state"], owned["nodes"][0]["state"]) == ("completed", "satisfied")
    assert packets[-1] == {"type": "success"}
    assert (tmp_path / "models/a/tiny-GGUF/mmproj-new-F16.gguf").read_bytes() == projector


@pytest.mark.asyncio
async def test_a_download_of_a_plan_is_cancelled_by_its_client(
    fetching: EngineProcess, hub: FlakyHub
) -> None:
    hub.before_gate = 20_000
    async with introduced(fetching.address, "repository") as raw:
        channel, _ = await _ready(raw, SOURCE)
        await raw.say(channel, "commit")
        await raw.packet(channel, "downloadProgress")
        await raw.say(channel, "cancelDownload")
        _, last = await raw.end(channel)
    assert "was cancelled" in last["error"]["title"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "code"),
    [
        (ARTIFACT | {"name": "nothing"}, "download_failed"),
        (
            SOURCE | {"source": {"type": "huggingface", "user": "a", "repo": "no"}},
            "model_not_found",
        ),
        (SOURCE | {"source": {"type": "elsewhere"}}, "not_implemented"),
        ({"type": "plugin"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
async def test_what_cannot_be_planned_is_told(
    fetching: EngineProcess, target: dict[str, Any], code: str
) -> None:
    async with introduced(fetching.address, "repository") as raw:
        channel = await raw.open("createDownloadPlan", target=target)
        _, last = await raw.end(channel)
    assert last["error"]["errorData"]["code"] == code


@pytest.mark.asyncio
async def test_words_find_what_the_source_has(fetching: EngineProcess) -> None:
    async with introduced(fetching.address, "repository") as raw:
        found = await raw.call("fuzzyFindStaffPicks", searchTerm="tiny", limit=500)
        none = await raw.call("fuzzyFindStaffPicks", searchTerm="x", compatibilityTypes=["mlx"])
        exact = await raw.call("searchModels", opts={"searchTerm": "tiny-GGUF"})
        catalog = await raw.call("getModelCatalog")
    assert [(one["owner"], one["name"]) for one in found["results"]] == [("a", "tiny-gguf")]
    assert none == {"results": []}
    assert exact["results"][0]["exact"] is True
    assert catalog == {"models": []}
