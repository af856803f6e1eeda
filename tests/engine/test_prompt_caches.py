"""What a model has read of a prompt survives its unload, and is never used when in doubt."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lmstudio
import pytest

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.instances.lifecycle import State
from lms_jupyter.engine.instances.prompt_caches import PromptCaches
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.runtimes.runtime import installed
from lms_jupyter.engine.settings import SHIPPED_MODELS
from lms_jupyter.engine.worker.load_settings import LoadSettings

from .conftest import EngineProcess, start_engine
from .raw import introduced

PROMPT = "The sea is blue and the sky is wide. " * 40
KEY = "tutor-1m"
CONFIG = {"contextLength": 2048}
GREEDY = {"temperature": 0, "maxTokens": 12}


class Kept:
    """An engine, and the folder of the prompts that it keeps."""

    def __init__(self, engine: EngineProcess, folder: Path) -> None:
        self.engine, self.folder = engine, folder

    def asked(self, config: dict[str, Any] = CONFIG, prompt: str = PROMPT) -> tuple[str, int]:
        """Load, ask, unload; return the answer, and how many tokens were there already."""
        with lmstudio.Client(self.engine.address) as client:
            model = client.llm.load_new_instance(KEY, "asked", config=config)
            try:
                return model.complete(prompt, config=GREEDY).content, self.warm_tokens()
            finally:
                model.unload()

    def warm_tokens(self) -> int:
        """Return how many tokens of prompts the only instance began with."""
        (instance,) = asyncio.run(self._activity())["instances"]
        told: int = instance["warmTokens"]
        return told

    async def _activity(self) -> dict[str, Any]:
        async with introduced(self.engine.address, "system", clientIdentifier="looker") as system:
            told: dict[str, Any] = await system.call("getActivity")
            return told

    @property
    def files(self) -> list[Path]:
        """What is kept."""
        return sorted(self.folder.iterdir())

    def manifest(self) -> list[dict[str, Any]]:
        """Return what is said of the only kind that is kept."""
        (file,) = self.folder.glob("*.json")
        slots: list[dict[str, Any]] = json.loads(file.read_text())
        return slots


def started(folder: Path, *options: str) -> EngineProcess:
    caches = ("--prompt-caches", str(folder / "prompts"))
    return start_engine(SHIPPED_MODELS, folder / "engine.log", *caches, *options)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    engine = started(tmp_path)
    yield Kept(engine, tmp_path / "prompts")
    engine.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the names of files are Unicode")
def test_the_folder_may_have_a_name_of_any_bytes(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff\xfe")
    folder.mkdir()
    engine = started(folder)
    kept = Kept(engine, folder / "prompts")
    try:
        kept.asked()
        _, tokens = kept.asked()
    finally:
        engine.stop()

    assert tokens > 400


def test_the_next_instance_goes_on_where_the_last_one_was(kept: Kept) -> None:
    cold, none = kept.asked()
    warm, tokens = kept.asked()

    assert none == 0
    assert tokens > 400
    assert warm == cold


def test_it_lies_where_nobody_else_may_look(kept: Kept) -> None:
    kept.asked()

    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert kept.files


@pytest.mark.parametrize("config", [{"contextLength": 1024}, {"contextLength": 2048, "seed": 3}])
def test_other_settings_begin_cold(kept: Kept, config: dict[str, Any]) -> None:
    kept.asked()

    assert kept.asked(config)[1] == 0


def test_another_prompt_is_answered_as_if_nothing_had_been_kept(kept: Kept) -> None:
    other = "A cat sat on the mat. " * 20
    cold, _ = kept.asked(prompt=other)
    kept.asked()

    assert kept.asked(prompt=other)[0] == cold


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _linked(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def _of_another_length(file: Path) -> None:
    """As long as it was, with other things in it."""
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.parametrize("spoil", [_cut, _emptied, _linked, _of_another_length, Path.unlink])
def test_a_file_that_is_not_as_it_was_written_is_not_used(kept: Kept, spoil: Any) -> None:
    cold, _ = kept.asked()
    (slot,) = kept.manifest()
    spoil(kept.folder / slot["file"])

    assert kept.asked() == (cold, 0)
    assert kept.asked()[1] > 0, "what was read since is kept again"


@pytest.mark.parametrize("text", ["", "[", "{}", "[5]", '[{"number": 0}]', "null"])
def test_a_list_that_cannot_be_read_is_not_used(kept: Kept, text: str) -> None:
    cold, _ = kept.asked()
    (file,) = kept.folder.glob("*.json")
    file.write_text(text)

    assert kept.asked() == (cold, 0)


def test_it_outlives_the_engine_where_it_was_named(tmp_path: Path) -> None:
    first = started(tmp_path)
    cold, _ = Kept(first, tmp_path / "prompts").asked()
    first.stop()
    second = started(tmp_path)
    try:
        warm, tokens = Kept(second, tmp_path / "prompts").asked()
    finally:
        second.stop()

    assert tokens > 400
    assert warm == cold


def test_nothing_is_kept_where_that_is_not_wanted(tmp_path: Path) -> None:
    engine = started(tmp_path, "--prompt-cache-gb", "0")
    try:
        kept = Kept(engine, tmp_path / "prompts")
        kept.asked()
        assert kept.asked()[1] == 0
    finally:
        engine.stop()
    assert not (tmp_path / "prompts").exists()


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    engine = started(tmp_path, "--prompt-cache-gb", "0.002")
    try:
        kept = Kept(engine, tmp_path / "prompts")
        kept.asked()
        kept.asked({"contextLength": 1024})
        assert sum(file.stat().st_size for file in kept.files) <= 2_000_000
        assert kept.asked({"contextLength": 1024})[1] > 0
        assert kept.asked()[1] == 0
    finally:
        engine.stop()


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir(mode=0o755)
    engine = started(tmp_path)
    try:
        kept = Kept(engine, tmp_path / "prompts")
        cold, _ = kept.asked()
        assert kept.asked() == (cold, 0)
        assert kept.files == []
    finally:
        engine.stop()


def test_who_forgets_leaves_nothing_of_the_model_and_all_of_others(kept: Kept) -> None:
    kept.asked()
    kept.asked({"contextLength": 1024})
    assert len(list(kept.folder.glob("*.json"))) == 2
    other = kept.folder / f"{'0' * 48}.json"
    other.write_text("[]")

    async def forget() -> None:
        async with introduced(kept.engine.address, "llm", clientIdentifier="forgets") as llm:
            channel = await llm.open("getOrLoad", identifier=KEY)
            await llm.end(channel)
            await llm.call("unloadModel", identifier=KEY, why="forgotten")

    asyncio.run(forget())
    assert kept.files == [other]

    async def forget_all() -> None:
        async with introduced(kept.engine.address, "system", clientIdentifier="forgets") as system:
            await system.call("forgetPrompts")

    asyncio.run(forget_all())
    assert kept.files == []


class Disk:
    """llama.cpp's side where the disk is full: it has written a part, and says so."""

    def __init__(self, folder: Path, fails_at: int) -> None:
        self._folder = folder
        self._fails_at = fails_at

    async def ask(self, _instance: Instance, path: str, body: Mapping[str, Any]) -> Any:
        number = int(path.split("/")[2].partition("?")[0])
        (self._folder / body["filename"]).write_bytes(b"x" * 100)
        if number == self._fails_at:
            raise EngineError("Unable to save slot: no space left on device")
        return {"n_saved": 100}


async def _instance(models: Path, worker: Any) -> Instance:
    model = await Catalog([models]).resolve("tiny-llm")
    settings = LoadSettings().settled(model.type, model.max_context_length)
    plan = Plan(model=model, settings=settings, identifier="it")
    return Instance(plan, State(), worker=worker)


@pytest.mark.asyncio
async def test_a_full_disk_leaves_no_part_and_is_said(
    models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    disk = Disk(tmp_path / "prompts", fails_at=2)
    caches = PromptCaches(disk.ask, folder=tmp_path / "prompts", limit_bytes=10**6)
    instance = await _instance(models, SimpleNamespace(runtime=installed()))

    await caches.keep(instance, "expired")

    assert list((tmp_path / "prompts").iterdir()) == []
    assert "its prompts are not kept: Unable to save slot: no space left" in caplog.text


@pytest.mark.asyncio
async def test_what_another_build_has_read_is_not_used(models: Path, tmp_path: Path) -> None:
    disk = Disk(tmp_path / "prompts", fails_at=-1)
    caches = PromptCaches(disk.ask, folder=tmp_path / "prompts", limit_bytes=10**6)
    await caches.keep(await _instance(models, SimpleNamespace(runtime=installed())), "expired")
    assert list((tmp_path / "prompts").glob("*.json"))

    newer = await _instance(
        models, SimpleNamespace(runtime=dataclasses.replace(installed(), version="b99999"))
    )
    await caches.restore(newer)

    assert newer.warm_tokens == 0
