"""The diary's file: an SQLite database for its owner alone, bounded, and never in the way.

A connection is opened for each use and closed after it: so no thread and no fork inherits one.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lms_jupyter.diary.entries import Entry, Pages, PastRequest, Query, Refusal, Stay

VERSION = 1
MOST_ENTRIES = {"stays": 20_000, "requests": 50_000, "refusals": 5_000}
MOST_BYTES = 64_000_000
LONGEST = 1000
"""Characters of a name or a reason."""
LONGEST_TEXT = 20_000
BUSY_S = 2.0
TABLES: dict[str, type[Stay | PastRequest | Refusal]] = {
    "stays": Stay,
    "requests": PastRequest,
    "refusals": Refusal,
}
_MOMENT = {"stays": "loaded_at", "requests": "at", "refusals": "at"}
_END = {"stays": "COALESCE(ended_at, seen_at)", "requests": "at", "refusals": "at"}

Noted = TypeVar("Noted", bound=msgspec.Struct)


class DiaryError(Exception):
    """The diary cannot be kept or read; the sentence says why."""


class DamagedError(DiaryError):
    """It was no diary any more, and is out of the way: what is written next begins anew."""


class Store:
    """Reads and writes the file; everything here may wait for the disk."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, entries: Iterable[Entry]) -> None:
        """Add entries, all or none; a stay that is there already is brought up to date.

        Raises:
            DiaryError: The disk is full, or the file cannot be used.
        """
        with self._open(create=True) as database, database:
            for entry in entries:
                _add(database, entry)
            for table, most in MOST_ENTRIES.items():
                _forget(database, table, most)

    def close_stays(self, host: str, before: float) -> None:
        """End what a host had in memory that has died since; nobody was there to write it down.

        Raises:
            DiaryError: As above.
        """
        with self._open(create=True) as database, database:
            database.execute(
                "UPDATE stays SET ended_at = seen_at, why = 'host ended' "
                "WHERE host = ? AND ended_at IS NULL AND seen_at < ?",
                (host, before),
            )

    def read(self, query: Query) -> Pages:
        """Return what is asked for; nothing where there is no diary yet.

        Raises:
            DiaryError: The file cannot be used.
        """
        if not self.file.exists():
            return Pages()
        with self._open() as database:
            stays, requests, refusals = (tuple(_select(database, table, query)) for table in TABLES)
        return msgspec.convert({"stays": stays, "requests": requests, "refusals": refusals}, Pages)

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            try:
                with self._connected(create=create) as database:
                    yield database
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._put_aside()
                raise DamagedError(
                    f"{self.file} is damaged and was put aside: the diary begins anew."
                ) from error
        except (sqlite3.Error, OSError) as error:
            raise DiaryError(f"The diary {self.file} cannot be used: {error}.") from error

    @contextmanager
    def _connected(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        if create:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if create else 0)
        # Made here rather than by SQLite, which would let others read it.
        descriptor = os.open(self.file, flags, 0o600)
        try:
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        is_ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if not stat.S_ISREG(found.st_mode) or not is_ours:
            raise PermissionError(f"{self.file} is not a file of yours")
        with closing(sqlite3.connect(self.file, timeout=BUSY_S)) as database:
            _prepare(database, self.file)
            yield database

    def _put_aside(self) -> None:
        with contextlib.suppress(OSError):
            self.file.replace(self.file.with_name(f"{self.file.name}.damaged"))


def _prepare(database: sqlite3.Connection, file: Path) -> None:
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA synchronous = NORMAL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise DiaryError(f"{file} was written by a newer version of this package.")
    (page,) = database.execute("PRAGMA page_size").fetchone()
    database.execute(f"PRAGMA max_page_count = {MOST_BYTES // page}")
    if version == VERSION:
        return
    with database:
        for table, kind in TABLES.items():
            names = ", ".join(kind.__struct_fields__)
            key = ", PRIMARY KEY (host, reference)" if kind is Stay else ""
            database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({names}{key})")
            moment = _MOMENT[table]
            database.execute(f"CREATE INDEX IF NOT EXISTS {table}_at ON {table} ({moment})")
        database.execute(f"PRAGMA user_version = {VERSION}")


def _add(database: sqlite3.Connection, entry: Entry) -> None:
    table = next(name for name, kind in TABLES.items() if isinstance(entry, kind))
    fields = {name: _bounded(name, getattr(entry, name)) for name in entry.__struct_fields__}
    names, places = ", ".join(fields), ", ".join("?" * len(fields))
    # What several kernels have seen of an instance is one entry: what is known stays known.
    update = ""
    if isinstance(entry, Stay):
        update = (
            " ON CONFLICT (host, reference) DO UPDATE SET"
            " seen_at = MAX(seen_at, excluded.seen_at),"
            " memory_bytes = MAX(COALESCE(memory_bytes, excluded.memory_bytes),"
            " COALESCE(excluded.memory_bytes, memory_bytes)),"
            " gpu_bytes = MAX(COALESCE(gpu_bytes, excluded.gpu_bytes),"
            " COALESCE(excluded.gpu_bytes, gpu_bytes)),"
            " client = CASE client WHEN '' THEN excluded.client ELSE client END,"
            " ended_at = COALESCE(ended_at, excluded.ended_at),"
            " why = CASE why WHEN '' THEN excluded.why ELSE why END,"
            " ended_by = CASE ended_by WHEN '' THEN excluded.ended_by ELSE ended_by END"
        )
    database.execute(
        f"INSERT INTO {table} ({names}) VALUES ({places}){update}",  # noqa: S608 - our own names
        tuple(fields.values()),
    )


def _bounded(name: str, value: Any) -> Any:
    """Return what is written of a value: of a text what can be, and no more than is of use."""
    if not isinstance(value, str):
        return value
    longest = LONGEST_TEXT if name == "text" else LONGEST
    return value[:longest].encode(errors="replace").decode()


def _forget(database: sqlite3.Connection, table: str, most: int) -> None:
    """Forget the oldest entries beyond what is kept."""
    database.execute(
        f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} "  # noqa: S608 - as above
        f"ORDER BY {_MOMENT[table]} DESC LIMIT -1 OFFSET ?)",
        (most,),
    )


def _select(database: sqlite3.Connection, table: str, query: Query) -> list[dict[str, Any]]:
    kind, values = TABLES[table], [query.since]
    where = f"{_END[table]} >= ?"
    for name in ("host", "reference"):
        asked: Any = getattr(query, name)
        if asked is not None:
            # A load that was refused has no instance.
            where += f" AND {name} = ?" if name in kind.__struct_fields__ else " AND 0"
            if name in kind.__struct_fields__:
                values.append(asked)
    rows = database.execute(
        f"SELECT {', '.join(kind.__struct_fields__)} FROM {table} "  # noqa: S608 - as above
        f"WHERE {where} ORDER BY {_MOMENT[table]} DESC LIMIT ?",
        (*values, query.most),
    )
    return [dict(row) for row in rows]
