"""Searching and downloading with the official SDK, from a source on this machine."""

from __future__ import annotations

from pathlib import Path

import lmstudio
import pytest

from .conftest import EngineProcess
from .flaky_hub import FlakyHub
from .raw import introduced


@pytest.mark.asyncio
async def test_a_model_is_searched_downloaded_and_used(fetching: EngineProcess) -> None:
    seen: list[lmstudio.DownloadProgressUpdate] = []
    finalized: list[bool] = []
    async with lmstudio.AsyncClient(fetching.address) as client:
        (found,) = await client.repository.search_models("tiny")
        (option,) = await found.get_download_options()
        key = await option.download(
            on_progress=seen.append, on_finalize=lambda: finalized.append(True)
        )
        assert [model.model_key for model in await client.list_downloaded_models()] == [key]
        model = await client.llm.load_new_instance(key)
        assert await model.count_tokens("abc") == 3
        again = await option.download()
    assert found.search_result.name == "a/tiny-GGUF"
    assert option.info.quantization == "F16"
    assert option.info.size_bytes == seen[-1].total_bytes == seen[-1].downloaded_bytes
    assert [update.downloaded_bytes for update in seen] == sorted(
        update.downloaded_bytes for update in seen
    )
    assert finalized == [True]
    assert again == key


@pytest.mark.asyncio
async def test_a_search_without_a_hit_finds_nothing(fetching: EngineProcess) -> None:
    async with lmstudio.AsyncClient(fetching.address) as client:
        assert list(await client.repository.search_models("zzz")) == []


@pytest.mark.asyncio
async def test_a_download_that_is_cancelled_leaves_nothing(
    fetching: EngineProcess, hub: FlakyHub, tmp_path: Path
) -> None:
    hub.before_gate = 50_000
    async with introduced(fetching.address, "repository") as raw:
        found = await raw.call(
            "getModelDownloadOptions",
            modelSearchResultIdentifier={"type": "hf", "identifier": "a/tiny-GGUF"},
        )
        (option,) = found["results"]
        channel = await raw.open("downloadModel", downloadIdentifier=option["downloadIdentifier"])
        await raw.packet(channel, "downloadProgress")
        await raw.say(channel, "cancel")
        _, last = await raw.end(channel)
    assert last["type"] == "channelError"
    assert "cancelled" in last["error"]["title"]
    assert [file for file in (tmp_path / "models").rglob("*") if file.is_file()] == []


@pytest.mark.asyncio
async def test_a_source_that_refuses_ends_the_channel_with_the_reason(
    fetching: EngineProcess, hub: FlakyHub
) -> None:
    hub.statuses = [403]
    async with lmstudio.AsyncClient(fetching.address) as client:
        (found,) = await client.repository.search_models("tiny")
        (option,) = await found.get_download_options()
        with pytest.raises(lmstudio.LMStudioServerError, match="403"):
            await option.download()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("namespace", "endpoint"),
    [
        ("repository", "downloadArtifact"),
        ("repository", "pushArtifact"),
        ("runtime", "downloadRuntimeExtension"),
    ],
)
async def test_a_channel_that_lm_studio_has_and_we_do_not_ends_at_once(
    fetching: EngineProcess, namespace: str, endpoint: str
) -> None:
    async with introduced(fetching.address, namespace) as raw:
        packets, last = await raw.end(await raw.open(endpoint))
        assert (packets, last["type"]) == ([], "channelError")
        assert last["error"]["title"].startswith("This engine")


@pytest.mark.asyncio
async def test_files_in_memory_have_no_path(fetching: EngineProcess) -> None:
    async with introduced(fetching.address, "files") as raw:
        answer = await raw.call("getLocalFileAbsolutePath", fileName="x")
        assert answer["type"] == "rpcError"
        assert "no path" in answer["error"]["title"]
