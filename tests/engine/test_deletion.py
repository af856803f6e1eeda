"""Taking a model off the disk: which files go, who is in the way, and where they lie then."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import gguf
import pytest

from lms_jupyter.engine.errors import BadRequestError, PathNotFoundError
from lms_jupyter.engine.library.bin import bin_for
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.library.deletion import Deleted, delete, files_of
from lms_jupyter.engine.settings import SHIPPED_MODELS

from .conftest import EngineProcess
from .raw import introduced
from .synthetic import write_llm, write_projector

KINDS = gguf.GGMLQuantizationType


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a bin."""
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return home


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in two quantisations, which share a projector, and one alone."""
    folder = tmp_path / "models"
    for kind in (KINDS.F16, KINDS.Q8_0):
        write_llm(folder / f"acme/pair-GGUF/pair-{kind.name}.gguf", quantization=kind)
    write_projector(folder / "acme/pair-GGUF/mmproj-F16.gguf")
    write_llm(folder / "acme/alone-GGUF/alone-F16.gguf")
    return folder


async def names(name: str, catalog: Catalog) -> list[str]:
    files = files_of(name, await catalog.resolve(name), await catalog.everything())
    return sorted(path.name for path in files)


async def gone(name: str, catalog: Catalog, *, permanently: bool = False) -> Deleted:
    files = files_of(name, await catalog.resolve(name), await catalog.everything())
    return delete(name, files, permanently=permanently)


@pytest.mark.asyncio
async def test_what_others_need_stays_until_nobody_does(folder: Path) -> None:
    catalog = Catalog([folder])

    assert await names("pair@q8_0", catalog) == ["pair-Q8_0.gguf"]
    await gone("pair@q8_0", catalog)
    assert await names("pair", catalog) == ["mmproj-F16.gguf", "pair-F16.gguf"]
    await gone("pair", catalog)
    assert [model.model_key for model in await catalog.models()] == ["alone"]
    assert not (folder / "acme/pair-GGUF").exists()
    assert (folder / "acme").exists()


@pytest.mark.asyncio
async def test_all_parts_of_a_split_model_go(folder: Path) -> None:
    place = folder / "acme/big-GGUF"
    for number in (1, 2):
        write_llm(place / f"big-F16-0000{number}-of-00002.gguf")
    shutil.copy(folder / "acme/alone-GGUF/alone-F16.gguf", place / "bigger-F16.gguf")

    assert await names("big", Catalog([folder])) == [
        "big-F16-00001-of-00002.gguf",
        "big-F16-00002-of-00002.gguf",
    ]


@pytest.mark.parametrize(
    ("name", "sentence", "hint"),
    [
        ("pair", "'pair' has 2 quantisations.", "pair@f16, pair@q8_0"),
        ("ALONE", "Nothing is called 'ALONE' to the letter.", "'alone'"),
        ("acme/made", "'acme/made' is made by a model.yaml", "made of"),
        ("alone", "'alone' is needed by acme/made", "model.yaml"),
    ],
)
@pytest.mark.asyncio
async def test_what_may_not_go_is_said_with_the_reason(
    folder: Path, name: str, sentence: str, hint: str
) -> None:
    made = folder / "acme/made/model.yaml"
    made.parent.mkdir()
    made.write_text("model: acme/made\nbase: acme/alone-GGUF\n")

    with pytest.raises(BadRequestError) as error:
        await names(name, Catalog([folder]))
    assert error.value.title.startswith(sentence)
    assert hint in error.value.hint


@pytest.mark.asyncio
async def test_the_models_of_the_package_stay() -> None:
    with pytest.raises(BadRequestError, match="came with the package"):
        await names("tutor-1m", Catalog([SHIPPED_MODELS]))


@pytest.mark.asyncio
async def test_a_bin_that_is_used_takes_the_files_and_can_give_them_back(
    folder: Path, home: Path
) -> None:
    trash = home / ".local/share/Trash"
    trash.mkdir(parents=True)
    (trash / "files").mkdir()
    (trash / "files/alone-F16.gguf").write_text("another of that name")
    (trash / "info").mkdir()
    (trash / "info/alone-F16.gguf.trashinfo").write_text("")
    file = folder / "acme/alone-GGUF/alone-F16.gguf"
    content = file.read_bytes()

    deleted = await gone("alone", Catalog([folder]))

    assert deleted == Deleted(
        files=("alone-F16.gguf",), size_bytes=len(content), links=0, bin=trash / "files"
    )
    assert (trash / "files/alone-F16.2.gguf").read_bytes() == content
    note = (trash / "info/alone-F16.2.gguf.trashinfo").read_text()
    assert note.startswith(f"[Trash Info]\nPath={file}\nDeletionDate=")
    assert (trash / "files/alone-F16.gguf").read_text() == "another of that name"


@pytest.mark.asyncio
async def test_where_there_is_no_bin_none_is_made(folder: Path, home: Path) -> None:
    file = folder / "acme/alone-GGUF/alone-F16.gguf"
    size_bytes = file.stat().st_size

    deleted = await gone("alone", Catalog([folder]))

    assert (deleted.bin, deleted.size_bytes) == (None, size_bytes)
    assert not file.exists()
    assert list(home.iterdir()) == []


@pytest.mark.asyncio
async def test_a_link_goes_and_what_it_points_to_stays(folder: Path, tmp_path: Path) -> None:
    file = folder / "acme/alone-GGUF/alone-F16.gguf"
    blob = file.rename(tmp_path / "blob")
    file.symlink_to(blob)

    deleted = await gone("alone", Catalog([folder]))

    assert (deleted.links, deleted.size_bytes) == (1, 0)
    assert blob.exists()
    assert not os.path.lexists(file)


def test_a_bin_that_is_a_link_elsewhere_is_none(home: Path, folder: Path, tmp_path: Path) -> None:
    (home / ".local/share").mkdir(parents=True)
    (home / ".local/share/Trash").symlink_to(tmp_path)

    assert bin_for(folder / "acme/alone-GGUF/alone-F16.gguf") is None


@pytest.mark.asyncio
async def test_two_who_delete_at_once_do_it_once(folder: Path) -> None:
    catalog = Catalog([folder])
    files = files_of("alone", await catalog.resolve("alone"), await catalog.everything())

    delete("alone", files)
    with pytest.raises(PathNotFoundError):
        delete("alone", files)


def test_what_the_disk_does_not_allow_is_said(tmp_path: Path) -> None:
    place = tmp_path / "a-folder.gguf"
    place.mkdir()

    with pytest.raises(BadRequestError, match=r"a-folder\.gguf cannot be deleted"):
        delete("a-folder", [place])
    assert stat.S_ISDIR(place.stat().st_mode)


@pytest.mark.asyncio
async def test_a_model_in_memory_stays_until_it_is_unloaded(
    engine: EngineProcess, models: Path
) -> None:
    file = write_llm(models / "acme/brief-GGUF/brief-F16.gguf")
    async with (
        introduced(engine.address, "llm") as llm,
        introduced(engine.address, "system") as system,
    ):
        channel = await llm.open("loadModel", modelKey="brief", identifier="mine")
        await llm.packet(channel, "success")
        refused = await system.call("deleteModel", modelKey="brief")
        assert refused["error"]["title"] == "'brief' is in memory as 'mine'."
        assert file.exists()
        assert (await llm.read())["type"] == "channelClose"
        assert await llm.call("unloadModel", identifier="mine") is None

        deleted = await system.call("deleteModel", modelKey="brief", permanently=True)
        assert deleted["files"] == ["brief-F16.gguf"]
        assert not file.exists()
        again = await system.call("deleteModel", modelKey="brief")
        assert again["error"]["errorData"]["code"] == "model_not_found"
