"""How models are named and found on a source of downloads."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from aiohttp import web

from lms_jupyter.engine.downloads.downloads import Downloads
from lms_jupyter.engine.downloads.hub import MAX_ANSWER_BYTES, MAX_PAGES, Hub, _remote_file
from lms_jupyter.engine.errors import (
    BadRequestError,
    DownloadFailedError,
    JobNotFoundError,
    PathNotFoundError,
)

from ..flaky_hub import FlakyHub
from .conftest import DATA, FAST, ended


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("asked", "fetched"),
    [
        ("a/tiny-GGUF", "tiny-Q8_0.gguf"),
        ("a/tiny-GGUF@q4_0", "tiny-Q4_0.gguf"),
        ("a/tiny-GGUF/tiny-Q4_0.gguf", "tiny-Q4_0.gguf"),
        ("{endpoint}/a/tiny-GGUF", "tiny-Q8_0.gguf"),
        ("{endpoint}/a/tiny-GGUF/blob/main/tiny-Q4_0.gguf?x=1", "tiny-Q4_0.gguf"),
        ("{endpoint}/a/tiny-GGUF/tree/main", "tiny-Q8_0.gguf"),
    ],
)
async def test_a_model_is_named_in_several_ways(
    downloads: Downloads, hub: FlakyHub, asked: str, fetched: str
) -> None:
    job = await downloads.start(asked.format(endpoint=hub.endpoint))

    assert job.option.files[0].path == fetched


@pytest.mark.asyncio
@pytest.mark.parametrize("asked", ["", "alone", "http://elsewhere/a/b", "a/..", "../../etc/x"])
async def test_what_names_no_repository_is_refused(downloads: Downloads, asked: str) -> None:
    with pytest.raises(BadRequestError):
        await downloads.start(asked)


@pytest.mark.asyncio
async def test_what_the_source_does_not_have_is_said(downloads: Downloads) -> None:
    with pytest.raises(PathNotFoundError, match="a/other"):
        await downloads.start("a/other")
    with pytest.raises(DownloadFailedError, match="has nothing called 'q2_k'") as caught:
        await downloads.start("a/tiny-GGUF", "q2_k")
    assert caught.value.hint == "It has q4_0, q8_0."
    with pytest.raises(JobNotFoundError):
        downloads.job("nothing")


@pytest.mark.asyncio
async def test_paths_that_leave_the_folder_are_not_offered(hub: FlakyHub) -> None:
    hub.files = {"../evil-Q8_0.gguf": b"x", "/evil.gguf": b"x", "a\\b.gguf": b"x", "ok.gguf": b"x"}
    source = Hub(hub.endpoint)

    options = await source.options("a/tiny-GGUF")
    await source.close()

    assert [file.path for option in options for file in option.files] == ["ok.gguf"]


@pytest.mark.asyncio
async def test_parts_and_projector_come_together(downloads: Downloads, hub: FlakyHub) -> None:
    hub.files = {
        "big-Q8_0-00001-of-00002.gguf": b"1" * 100,
        "big-Q8_0-00002-of-00002.gguf": b"2" * 200,
        "mmproj-F16.gguf": b"3" * 300,
    }

    job = await ended(downloads, await downloads.start("a/tiny-GGUF"))

    assert job.total_bytes == 600
    assert [file.size_bytes for file in job.option.files] == [100, 200, 300]
    assert all(target.file.is_file() for target in job.targets)


@pytest.mark.asyncio
async def test_search_finds_repositories_and_their_options(hub: FlakyHub) -> None:
    source = Hub(hub.endpoint)

    found = await source.search("tiny")
    options = await source.options(found[0])
    nothing = await source.search("absent")
    await source.close()

    assert found == ("a/tiny-GGUF",)
    assert nothing == ()
    assert [(o.identifier, o.size_bytes, o.recommended) for o in options] == [
        ("a/tiny-GGUF@q4_0", 1000, False),
        ("a/tiny-GGUF@q8_0", len(DATA), True),
    ]


@pytest.mark.asyncio
async def test_a_source_out_of_reach_is_one_clear_error(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        downloads = Downloads(tmp_path, Hub(endpoint), FAST)

        with pytest.raises(DownloadFailedError, match="cannot be reached") as caught:
            await downloads.start("a/tiny-GGUF")

        assert "HF_ENDPOINT" in caught.value.hint
        await downloads.close()


# Lists as networks and mirrors deliver them


def _many(count: int) -> FlakyHub:
    return FlakyHub({f"tiny-{number:03}-Q8_0.gguf": b"x" for number in range(count)})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "way",
    [
        {"answer_bytes": 1400},
        {"answer_bytes": 1400, "says_length": False},
        {"answer_bytes": 100, "compressed": True},
        {"compressed": True, "says_length": False},
        {"moved": True},
        {"page_entries": 10},
        {"page_entries": 1},
        {"page_entries": 7, "answer_bytes": 100, "compressed": True, "moved": True},
        {"page_entries": 10, "links_to": "https://huggingface.example"},
    ],
)
async def test_a_list_is_read_to_its_end_however_it_comes(way: dict[str, object]) -> None:
    source = _many(60)
    for name, value in way.items():
        setattr(source, name, value)
    async with source.serve():
        hub = Hub(source.endpoint)
        options = await hub.options("a/tiny-GGUF")
        await hub.close()

    assert [option.files[0].path for option in options] == sorted(source.files)


@pytest.mark.asyncio
async def test_a_list_without_end_is_given_up() -> None:
    source = _many(5)
    source.lists_end = False
    async with source.serve():
        hub = Hub(source.endpoint)
        with pytest.raises(DownloadFailedError, match="without end"):
            await hub.options("a/tiny-GGUF")
        await hub.close()

    assert len(source.lists_asked) < 5


@pytest.mark.asyncio
async def test_a_list_of_very_many_pages_is_given_up() -> None:
    source = _many(MAX_PAGES + 10)
    source.page_entries = 1
    async with source.serve():
        hub = Hub(source.endpoint)
        with pytest.raises(DownloadFailedError, match="without end"):
            await hub.options("a/tiny-GGUF")
        await hub.close()

    assert len(source.lists_asked) == MAX_PAGES


@pytest.mark.asyncio
async def test_a_search_reads_no_more_pages_than_it_needs() -> None:
    source = _many(1)
    source.lists_end = False
    async with source.serve():
        hub = Hub(source.endpoint)
        assert await hub.search("tiny", limit=1) == ("a/tiny-GGUF",)
        await hub.close()

    assert len(source.lists_asked) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 20_000,
        b"[" * 20_000 + b"]" * 20_000,
        b"\xff",
        b"<html>",
        b" " * (MAX_ANSWER_BYTES + 1),
    ],
)
async def test_an_answer_that_is_no_list_is_one_clear_error(body: bytes) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    hub = Hub(f"http://{host}:{port}")

    with pytest.raises(DownloadFailedError, match=r"not the way a model source does|more than"):
        await hub.options("a/tiny-GGUF")

    await hub.close()
    await runner.cleanup()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {"type": "file"},
        {"type": "file", "path": 5, "size": 1},
        {"type": "file", "path": "a.gguf", "size": -1},
        {"type": "file", "path": "a.gguf", "size": True},
        {"type": "file", "path": "a.gguf", "size": "1"},
        {"type": "file", "path": "a\nb.gguf", "size": 1},
        {"type": "file", "path": "\u202eb.gguf", "size": 1},
    ],
)
async def test_an_entry_that_is_no_file_is_passed_over(entry: object) -> None:
    assert _remote_file(entry) is None
