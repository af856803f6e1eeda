"""Named load settings of the sidebar: a file in the server's root folder."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.manager import AsyncContentsManager
from traitlets.config import Config

from lms_jupyter.api.settings import PROFILES, read_profile
from lms_jupyter.protocol.models import LoadConfig
from tests.server.conftest import MODULE, Door, Listener

SMALL = {
    "name": "small",
    "config": {"context_length": 512},
    "ttl_s": 300.0,
    "names_ttl": True,
    "fit": None,
}
SAVE = {"kind": "save_profile", "profile": SMALL}


@pytest.fixture
def profiles(jp_root_dir: Path) -> Path:
    return jp_root_dir / PROFILES


async def kept(page: Listener) -> Any:
    """Ask which profiles there are."""
    return (await page.send(kind="list_profiles"))["reply"]["profiles"]


async def until_written(path: Path) -> None:
    """Wait until there is something in a file."""
    async with asyncio.timeout(10):
        while not (path.exists() and path.read_text()):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)


async def test_what_a_page_saves_another_page_and_a_notebook_in_the_root_folder_find(
    door: Door, profiles: Path
) -> None:
    page, other = await door.listen(), await door.listen()
    assert await kept(page) == []

    reply = await page.send(**SAVE)
    await until_written(profiles)

    assert reply["reply"]["kind"] == "accepted"
    assert await kept(other) == [SMALL]
    recipe = read_profile("small", profiles.parent)
    assert (recipe.config, recipe.ttl_s) == (LoadConfig(context_length=512), 300.0)


async def test_what_people_wrote_by_hand_is_offered(door: Door, profiles: Path) -> None:
    profiles.write_text('[long]\ncontext = 32768\nttl = "1h"\n')

    page = await door.listen()

    assert [one["name"] for one in await kept(page)] == ["long"]


async def test_pages_that_save_at_once_lose_nothing(door: Door, profiles: Path) -> None:
    page = await door.listen()
    names = [f"profile {number}" for number in range(20)]

    for name in names:
        await page.send(kind="save_profile", profile={**SMALL, "name": name})
    async with asyncio.timeout(10):
        while len(told := await kept(page)) < len(names):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)

    assert {one["name"] for one in told} == set(names)
    assert [path.name for path in profiles.parent.iterdir()] == [PROFILES]


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a\nb", "[x]\ncontext = 1"])
async def test_a_name_is_never_a_path_nor_more_than_a_name(
    door: Door, profiles: Path, name: str
) -> None:
    page = await door.listen()

    await page.send(kind="save_profile", profile={**SMALL, "name": name})
    await until_written(profiles)

    assert [one["name"] for one in await kept(page)] == [name]
    assert [path.name for path in profiles.parent.iterdir()] == [PROFILES]


async def test_a_folder_that_cannot_be_written_to_is_named_and_the_list_still_works(
    door: Door, profiles: Path
) -> None:
    # No right of any user lets a folder be written as a file.
    profiles.mkdir()
    page = await door.listen()

    await page.send(**SAVE)
    await page.sees(lambda a: a["problems"])

    (problem,) = page.slices["activity"]["problems"]
    assert problem["title"].startswith(f"The profile 'small' cannot be written to {profiles}: ")
    assert problem["title"].endswith("Is a directory.")
    assert "--config" in problem["hint"]
    assert await kept(page) == []


async def test_no_profile_is_saved_without_the_right_token(door: Door, profiles: Path) -> None:
    body = {"rid": "1", "command": SAVE}

    answer = await door.ask("lms/command", headers={}, body=body)

    assert answer.code == 403
    assert not profiles.exists()


async def test_a_script_saves_a_profile_by_the_same_door(door: Door, profiles: Path) -> None:
    body = {"rid": "1", "command": SAVE}

    answer = await door.ask("lms/command", headers=door.key, body=body)
    await until_written(profiles)

    assert answer.code == 202
    assert read_profile("small", profiles.parent).config == LoadConfig(context_length=512)


class Elsewhere(AsyncContentsManager):
    """Keeps notebooks, but in no files of this machine."""


class TestWithNotebooksElsewhere:
    """A database or a bucket has no folder that a notebook's kernel would look into."""

    @pytest.fixture
    def jp_server_config(self) -> Config:
        server = {"jpserver_extensions": {MODULE: True}, "contents_manager_class": Elsewhere}
        return Config({"ServerApp": server})

    async def test_there_is_no_shelf_and_pages_are_told(self, door: Door, profiles: Path) -> None:
        page = await door.listen()

        assert await kept(page) is None
        await page.send(**SAVE)
        await page.sees(lambda a: a["problems"])

        assert not profiles.exists()
