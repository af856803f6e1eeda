"""What is written down of an LM Studio, which keeps no diary itself."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lms_jupyter.diary.diary import Diary
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.diary_file import diary_file, diary_options
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.manager import Collaborators, Manager, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.commands import ReadDiary
from lms_jupyter.protocol.models import LoadConfig
from lms_jupyter.protocol.replies import Diary as DiaryPage
from tests.hosts.fake import FakeHost


@pytest_asyncio.fixture
async def seeing(host: FakeHost, tmp_path: Path) -> AsyncIterator[Manager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find, Collaborators(diary=Diary(tmp_path / "diary.sqlite")))
    await connect(manager)
    yield manager
    await manager.close()


@pytest.mark.asyncio
async def test_what_comes_answers_and_goes_is_written_down(host: FakeHost, seeing: Manager) -> None:
    instance = host.put(host.disk[0], identifier="chat")
    await lookup.instances(seeing)
    said = [Message(role="user", text="one two three")]
    async for _ in seeing.connected_host.respond(instance, said, Sampling()):
        pass
    await host.unload(instance)
    await lookup.instances(seeing)

    (load,) = await seeing.diary.loads(since=0)
    (request,) = await seeing.diary.requests(instance.instance_reference)
    (model,) = await seeing.diary.sums("model", 0, 0)

    assert (load.identifier, load.why, load.requests) == ("chat", "gone", 1)
    assert load.ended_at is not None
    assert (request.prompt_tokens, request.predicted_tokens) == (3, 3)
    assert request.ending == "eosFound"
    assert (model.name, model.loads, model.predicted_tokens) == (instance.model_key, 1, 3)
    assert not await seeing.diary.requests("another")


@pytest.mark.asyncio
async def test_two_who_see_the_same_write_one_entry(
    host: FakeHost, seeing: Manager, tmp_path: Path
) -> None:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    other = Manager(find, Collaborators(diary=Diary(tmp_path / "diary.sqlite")))
    host.put(host.disk[0], identifier="chat")
    await connect(other)
    await lookup.instances(other)
    await lookup.instances(seeing)
    await other.close()

    assert len(await seeing.diary.loads(since=0)) == 1


@pytest.mark.asyncio
async def test_without_a_diary_it_is_said(manager: Manager) -> None:
    with pytest.raises(CommandError, match="No diary is kept") as error:
        await manager.diary.loads(since=0)
    assert "LMS_JUPYTER_DIARY" in error.value.hint


@pytest.mark.asyncio
async def test_a_diary_that_is_too_new_is_one_sentence(seeing: Manager, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "diary.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(CommandError, match="newer version"):
        await seeing.diary.loads(since=0)


def test_the_engine_of_notebooks_keeps_it_unless_it_is_turned_off() -> None:
    file = diary_file({})
    assert file is not None
    assert diary_options({}) == ["--diary", str(file)]
    assert diary_options({"LMS_JUPYTER_DIARY": "texts"})[-1] == "--diary-texts"
    assert diary_options({"LMS_JUPYTER_DIARY": "off"}) == []


@pytest.mark.asyncio
async def test_of_an_instance_its_settings_say_where_they_come_from(
    host: FakeHost, seeing: Manager
) -> None:
    asked = LoadConfig(context_length=4096, flash_attention=True)
    instance = host.put(host.disk[0], identifier="chat", config=asked)
    await lookup.instances(seeing)
    reference = instance.instance_reference

    foreign = await run(ReadDiary(instance_reference=reference), seeing)
    seeing.own[reference] = LoadConfig(context_length=4096)
    seeing.sources[reference] = {"context_length": "--profile fast", "flash_attention": "no"}
    own = await run(ReadDiary(instance_reference=reference), seeing)
    gone = await run(ReadDiary(instance_reference="gone"), seeing)
    loads = await run(ReadDiary(), seeing)

    assert isinstance(foreign, DiaryPage)
    assert isinstance(own, DiaryPage)
    assert {setting.origin for setting in foreign.settings} == {"unknown"}
    found = {setting.setting: (setting.value, setting.origin) for setting in own.settings}
    assert found["context_length"] == ("4,096", "asked")
    assert found["flash_attention"] == ("on", "host")
    sources = {setting.setting: setting.source for setting in own.settings if setting.source}
    assert sources == {"context_length": "--profile fast"}
    assert gone == DiaryPage()
    assert isinstance(loads, DiaryPage)
    assert [load.identifier for load in loads.loads] == ["chat"]
