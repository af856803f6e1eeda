"""Files that come from another engine: whole, with the right hash, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from lms_jupyter.engine.downloads.copies import Copy, copy
from lms_jupyter.engine.downloads.hub import RemoteFile
from lms_jupyter.engine.downloads.offers import IDLE_S, Offers
from lms_jupyter.engine.errors import BadRequestError, DownloadFailedError
from lms_jupyter.engine.library.catalog import Catalog

from ..flaky_hub import FlakyHub
from ..synthetic import write_llm, write_projector
from .conftest import FAST

PARTS = {"0": os.urandom(200_000), "1": os.urandom(3000)}
NAMES = ("a/tiny-GGUF/tiny-00001-of-00002.gguf", "a/tiny-GGUF/tiny-00002-of-00002.gguf")


@pytest_asyncio.fixture
async def source() -> AsyncIterator[FlakyHub]:
    async with FlakyHub(dict(PARTS)).serve() as serving:
        yield serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "models"
    made.mkdir()
    return made


def wanted(source: FlakyHub) -> Copy:
    files = [
        RemoteFile(path=name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in zip(NAMES, PARTS.values(), strict=True)
    ]
    return Copy(address=source.endpoint, ticket="ticket", files=tuple(files))


def all_of(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


@pytest.mark.asyncio
async def test_all_files_come_though_the_connection_is_cut(source: FlakyHub, folder: Path) -> None:
    source.break_after = [70_000, 70_000]
    told: list[int] = []

    await copy(folder, wanted(source), told.append, FAST)

    assert [(folder / name).read_bytes() for name in NAMES] == list(PARTS.values())
    assert all_of(folder) == ["a", "a/tiny-GGUF", *NAMES]
    assert told == sorted(told)
    assert told[-1] == 203_000
    await copy(folder, wanted(source), told.append, FAST)
    assert len(source.asked) == 4


@pytest.mark.asyncio
@pytest.mark.parametrize("first", [0, 1])
async def test_a_source_that_goes_away_leaves_nothing(
    source: FlakyHub, folder: Path, first: int
) -> None:
    source.statuses = [200] * first + [503] * 3

    with pytest.raises(DownloadFailedError, match="the source answered 503, 3 times in a row"):
        await copy(folder, wanted(source), lambda _: None, FAST)

    assert all_of(folder) == []


@pytest.mark.asyncio
async def test_a_file_with_another_hash_leaves_nothing(source: FlakyHub, folder: Path) -> None:
    source.files["1"] = bytes(3000)

    with pytest.raises(DownloadFailedError, match="has the SHA-256"):
        await copy(folder, wanted(source), lambda _: None, FAST)

    assert all_of(folder) == []


@pytest.mark.asyncio
async def test_a_full_disk_is_said_and_leaves_nothing(source: FlakyHub, folder: Path) -> None:
    part = folder / f"{NAMES[1]}.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")

    with pytest.raises(DownloadFailedError, match=r"^The disk is full"):
        await copy(folder, wanted(source), lambda _: None, FAST)

    assert all_of(folder) == []


@pytest.mark.asyncio
async def test_what_cannot_fit_is_not_begun(source: FlakyHub, folder: Path) -> None:
    asked = wanted(source)
    huge = replace(asked, files=(replace(asked.files[0], size_bytes=10**18),))

    with pytest.raises(DownloadFailedError, match=r"only .* are free on the disk"):
        await copy(folder, huge, lambda _: None, FAST)

    assert (all_of(folder), source.asked) == ([], [])


@pytest.mark.asyncio
async def test_a_copy_that_is_called_off_leaves_nothing(source: FlakyHub, folder: Path) -> None:
    source.before_gate = 100_000
    came = asyncio.Event()

    def note(have: int) -> None:
        if have:
            came.set()

    copying = asyncio.create_task(copy(folder, wanted(source), note, FAST))
    await came.wait()
    copying.cancel()
    await asyncio.wait([copying])

    assert copying.cancelled()
    assert all_of(folder) == []
    source.gate.set()


@pytest.mark.asyncio
async def test_another_file_of_this_name_is_not_replaced(source: FlakyHub, folder: Path) -> None:
    mine = folder / NAMES[1]
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")

    with pytest.raises(DownloadFailedError, match="is there already, and is another file"):
        await copy(folder, wanted(source), lambda _: None, FAST)

    assert mine.read_text() == "mine"
    assert all_of(folder) == ["a", "a/tiny-GGUF", NAMES[1]]


@pytest.mark.parametrize(
    "path", ["../a.gguf", "/a.gguf", "a/..", "a\\b.gguf", "a/b.sh", "", "C:/a.gguf"]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(BadRequestError, match="is no file of a model"):
        Copy(
            address="http://127.0.0.1:1",
            ticket="ticket",
            files=(RemoteFile(path=path, size_bytes=1, sha256="0" * 64),),
        )


@pytest.mark.asyncio
async def test_an_offer_is_all_files_of_a_model_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "acme" / "See-GGUF"
    write_llm(folder / "See-F16.gguf", name="See")
    write_projector(folder / "mmproj-See-F16.gguf")
    model = await Catalog([tmp_path]).resolve("see")
    now = 0.0
    offers = Offers(lambda: now)

    offer = offers.make(model)

    assert [file.path for file in offer.files] == [
        "acme/See-GGUF/See-F16.gguf",
        "acme/See-GGUF/mmproj-See-F16.gguf",
    ]
    digest = hashlib.sha256(model.file.read_bytes()).hexdigest()
    assert offer.files[0].sha256 == digest
    assert offers.find(offer.ticket, "0") == model.file
    for ticket, number in (("other", "0"), (offer.ticket, "2"), (offer.ticket, "-1"), ("", "²")):
        assert offers.find(ticket, number) is None
    now += IDLE_S + 1
    assert offers.find(offer.ticket, "0") is None
