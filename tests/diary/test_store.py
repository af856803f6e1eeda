"""The diary's file: what stands there, how much, and what becomes of one that is broken."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from lms_jupyter.diary import store as stores
from lms_jupyter.diary.diary import Diary
from lms_jupyter.diary.entries import PastRequest, Query, Refusal, Stay
from lms_jupyter.diary.store import DamagedError, DiaryError, Store


def _stay(reference: str = "ref", **changes: object) -> Stay:
    fields = {
        "host": "engine",
        "reference": reference,
        "identifier": "chat",
        "model_key": "tiny",
        "client": "/home/u/train.ipynb",
        "loaded_at": 100.0,
        "seen_at": 100.0,
    }
    return Stay(**(fields | changes))  # type: ignore[arg-type]


def _request(at: float, reference: str = "ref", **changes: object) -> PastRequest:
    fields = {
        "host": "engine",
        "reference": reference,
        "identifier": "chat",
        "model_key": "tiny",
        "at": at,
    }
    return PastRequest(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "notes" / "diary.sqlite")


def test_what_is_written_is_read_newest_first(store: Store) -> None:
    refusal = Refusal(host="engine", model_key="huge", at=120.0, code="Guardrail", why="Too much.")
    store.write([_stay(), _request(110.0), _request(111.0), refusal])

    pages = Store(store.file).read(Query())

    assert pages.stays == (_stay(),)
    assert [one.at for one in pages.requests] == [111.0, 110.0]
    assert pages.refusals == (refusal,)
    assert store.read(Query(since=110.5, reference="ref")).requests == (_request(111.0),)
    assert not store.read(Query(host="another")).stays


def test_several_who_see_an_instance_make_one_entry_of_it(store: Store) -> None:
    store.write([_stay(seen_at=130.0, memory_bytes=5), _stay(client="", seen_at=110.0)])
    store.write([_stay(client="x", ended_at=140.0, why="evicted", ended_by="b", memory_bytes=9)])
    store.write([_stay(ended_at=150.0, why="gone", memory_bytes=None)])

    (stay,) = store.read(Query()).stays

    assert (stay.client, stay.seen_at, stay.memory_bytes) == ("/home/u/train.ipynb", 130.0, 9)
    assert (stay.ended_at, stay.why, stay.ended_by) == (140.0, "evicted", "b")


def test_only_the_newest_entries_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    most = {"stays": 3, "requests": 5, "refusals": 1}
    monkeypatch.setattr(stores, "MOST_ENTRIES", most)
    for number in range(20):
        store.write([_stay(f"r{number}", loaded_at=float(number)), _request(float(number))])

    pages = store.read(Query())

    assert [one.reference for one in pages.stays] == ["r19", "r18", "r17"]
    assert [one.at for one in pages.requests] == [19.0, 18.0, 17.0, 16.0, 15.0]


def test_nobody_else_may_read_it_and_hostile_names_stay_text(store: Store) -> None:
    name = "'); DROP TABLE stays; --\x00\ud800<b>"
    store.write([_stay(identifier=name, client="x" * 5000)])

    (stay,) = store.read(Query()).stays

    assert store.file.stat().st_mode & 0o777 == 0o600
    assert stay.identifier.startswith("'); DROP TABLE stays; --")
    assert len(stay.client) == stores.LONGEST


def test_a_file_that_is_no_diary_is_put_aside(store: Store) -> None:
    store.file.parent.mkdir()
    store.file.write_bytes(b"this is no database at all, but long enough to look like one " * 40)

    with pytest.raises(DamagedError, match="damaged and was put aside"):
        store.write([_stay()])
    store.write([_stay()])

    assert len(store.read(Query()).stays) == 1
    assert store.file.with_name("diary.sqlite.damaged").exists()


@pytest.mark.parametrize("what", ["link", "folder", "newer"])
def test_what_is_not_ours_to_write_is_left_alone(store: Store, tmp_path: Path, what: str) -> None:
    store.file.parent.mkdir()
    other = tmp_path / "other"
    other.write_text("mine")
    if what == "link":
        store.file.symlink_to(other)
    elif what == "folder":
        store.file.mkdir()
    else:
        with sqlite3.connect(store.file) as database:
            database.execute(f"PRAGMA user_version = {stores.VERSION + 1}")

    with pytest.raises(DiaryError, match="newer" if what == "newer" else "cannot be used"):
        store.write([_stay()])

    assert other.read_text() == "mine"


def test_a_full_disk_is_an_error_and_tears_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([_stay()])
    monkeypatch.setattr(stores, "MOST_BYTES", store.file.stat().st_size)

    with pytest.raises(DiaryError, match="full"):
        store.write([_request(float(at), client="x" * 900) for at in range(500)])

    assert store.read(Query()).stays == (_stay(),)
    assert not store.read(Query()).requests


def test_what_a_killed_host_had_ends_when_it_was_last_seen(store: Store) -> None:
    store.write([_stay("old", seen_at=100.0), _stay("new", seen_at=900.0), _stay("x", host="y")])

    store.close_stays("engine", before=500.0)

    ends = {one.reference: (one.ended_at, one.why) for one in store.read(Query()).stays}
    assert ends == {"old": (100.0, "host ended"), "new": (None, ""), "x": (None, "")}


@pytest.mark.asyncio
async def test_noting_waits_for_nothing_and_closing_writes_all(store: Store) -> None:
    warnings: list[str] = []
    diary = Diary(store.file, warnings.append)
    for at in range(100):
        diary.note(_request(float(at)))
    assert not store.file.exists()

    await diary.close()

    assert len(store.read(Query()).requests) == 100
    assert not warnings


@pytest.mark.asyncio
async def test_a_diary_that_cannot_be_written_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    warnings: list[str] = []
    diary = Diary(tmp_path / "file" / "diary.sqlite", warnings.append)
    for _ in range(3):
        diary.note(_request(1.0))
        await asyncio.wait_for(diary.close(), 5)

    assert len(warnings) == 1
    assert "cannot be used" in warnings[0]


@pytest.mark.asyncio
async def test_a_damaged_diary_begins_anew_with_what_was_to_be_written(store: Store) -> None:
    store.file.parent.mkdir()
    store.file.write_bytes(b"not a database, " * 200)
    warnings: list[str] = []
    diary = Diary(store.file, warnings.append)

    diary.note(_request(1.0))

    assert len((await diary.read(Query())).requests) == 1
    assert "begins anew" in warnings[0]
    await diary.close()
