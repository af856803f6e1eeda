"""Models folders as disks really are: names that are no text, files that lie, and no descriptors.

Whatever lies in one corner, the other models are listed, and what could not be looked at is told.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import lmstudio
import pytest

from lms_jupyter.engine.errors import ModelsUnreadableError, PathNotFoundError
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.library.gguf import MAX_STRINGS, GgufError, read_header
from lms_jupyter.engine.library.listing import MAX_DISPLAY_NAME
from lms_jupyter.engine.safe_text import safe, sendable

from .conftest import start_engine
from .synthetic import write_llm

ROOT = Path(__file__).parents[2]

NO_UTF8 = b"caf\xe9"
MODEL = write_llm


def _put(folder: Path, name: bytes) -> Path:
    """Write a model under a name that may be no text."""
    good = write_llm(folder / "passing.bin")
    place = folder / os.fsdecode(name)
    good.rename(place)
    return place


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A models folder with every kind of name and file that a disk can hold."""
    repository = tmp_path / "a" / "b"
    write_llm(repository / "good.gguf")
    _put(repository, NO_UTF8 + b".gguf")
    _put(repository, b"two\nlines.gguf")
    _put(repository, "turned\u202egnp.gguf".encode())
    _put(repository, b"bell\x07\x1b[2J.gguf")
    folder = tmp_path / "a" / os.fsdecode(b"\xff\xfe")
    write_llm(folder / "below.gguf")
    (repository / "nowhere.gguf").symlink_to(tmp_path / "nowhere")
    (repository / "loop.gguf").symlink_to(repository / "loop.gguf")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "again").symlink_to(tmp_path)
    os.mkfifo(repository / "pipe.gguf")
    (repository / "empty.gguf").touch()
    (repository / "folder.gguf").mkdir()
    (repository / "device.gguf").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(repository)  # the path of a socket has to be short
        listening.bind("socket.gguf")
        os.chdir(here)
    return tmp_path


NAMES = {"good", "caf\\xe9", "two\\x0alines", "turned\\u202egnp", "bell\\x07\\x1b[2j", "below"}


@pytest.mark.asyncio
async def test_odd_names_are_listed_so_that_they_can_be_sent_and_shown(odd: Path) -> None:
    catalog = Catalog([odd])

    models = await catalog.models()

    assert {model.model_key for model in models} == NAMES
    for model in models:
        assert model.file.exists()
        assert model.path.isprintable()
        assert (await catalog.resolve(model.path)).file == model.file
        assert (await catalog.resolve(model.model_key)).file == model.file
    assert list(await catalog.refused()) == ["a/b/empty.gguf"]


def test_odd_names_are_listed_and_loaded_on_every_path(odd: Path, tmp_path: Path) -> None:
    engine = start_engine(odd, tmp_path / "log")
    try:
        with (
            httpx.Client(base_url=f"http://{engine.address}", timeout=60) as http,
            lmstudio.Client(engine.address) as client,
        ):
            assert {one.model_key for one in client.list_downloaded_models()} == NAMES
            for path in ("/v1/models", "/api/v0/models", "/api/v1/models"):
                assert http.get(path).status_code == 200
            for name in sorted(NAMES):
                loaded = client.llm.load_new_instance(name)
                assert loaded.tokenize("a")
                loaded.unload()
            gone = http.post("/v1/completions", json={"model": "\x07\u202e\ud7ff", "prompt": ""})
            assert gone.status_code in {400, 404}
        assert "Traceback" not in engine.log.read_text()
    finally:
        assert engine.stop() == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größe 模型 \U0001f600", "größe 模型 \U0001f600"),
        ("a\nb\tc\x1b\x7f\x85", "a\\x0ab\\x09c\\x1b\\x7f\\x85"),
        ("\u202e\u2066\u200f\ufeff\u2028", "\\u202e\\u2066\\u200f\\ufeff\\u2028"),
        ("e\u0301\u200d\u200c", "e\u0301\u200d\u200c"),
        ("\udcff\ud800", "\\xff\\ud800"),
    ],
)
def test_text_is_made_safe_and_nothing_else(text: str, shown: str) -> None:
    assert safe(text) == shown
    assert json.dumps(sendable({text: [text]})).encode()


def test_a_long_text_is_cut_and_says_so() -> None:
    assert safe("a" * 100, 10) == "a" * 9 + "…"
    assert safe("a" * 10, 10) == "a" * 10


# What cannot be looked at


def _listed(before: str, folder: Path, files: int | None = None) -> str:
    """Let another process list a folder after it did something; return what it prints."""

    def lower() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    done = subprocess.run(
        [sys.executable, "-c", LIST.replace("BEFORE", before), str(folder)],
        preexec_fn=lower,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


REFUSE = """
import errno
from tests.hosts.without import refuse
"""
LIST = f"""{REFUSE}
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
from lms_jupyter.engine.library.catalog import Catalog
from lms_jupyter.engine.errors import EngineError

def become_nobody():
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)

def open_what_can_be_opened():
    try:
        while True:
            os.open("/dev/null", os.O_RDONLY)
    except OSError:
        pass

async def main():
    BEFORE()
    catalog = Catalog([Path(one) for one in sys.argv[1:]])
    try:
        print([model.model_key for model in await catalog.models()])
        await catalog.resolve("nothing")
    except EngineError as error:
        print(error.code, error.title, error.hint)

asyncio.run(main())
"""


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that everybody can reach, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_may_not_be_read_is_told_and_hides_no_other(readable: Path) -> None:
    write_llm(readable / "a" / "b" / "good.gguf")
    closed = readable / "a" / "closed"
    write_llm(closed / "other.gguf")
    closed.chmod(0)

    said = _listed("become_nobody", readable)
    closed.chmod(0o755)

    assert "['good']" in said
    assert "Downloaded are: good." in said
    assert f"{closed} could not be looked at: Permission denied." in said


def test_a_models_folder_that_may_not_be_read_is_not_an_empty_one(readable: Path) -> None:
    closed = readable / "models"
    write_llm(closed / "a" / "b" / "good.gguf")
    closed.chmod(0)

    said = _listed("become_nobody", closed)
    closed.chmod(0o755)

    assert said.startswith(f"models_unreadable The models cannot be listed: {closed}: Permission")


def test_a_file_that_may_not_be_read_is_told(readable: Path) -> None:
    file = write_llm(readable / "a" / "b" / "good.gguf")
    file.chmod(0)

    said = _listed("become_nobody", readable)

    assert said.startswith(f"models_unreadable The models cannot be listed: {file}: Permission")


def test_running_out_of_descriptors_is_told_as_that(tmp_path: Path) -> None:
    write_llm(tmp_path / "a" / "b" / "good.gguf")

    said = _listed("open_what_can_be_opened", tmp_path, files=64)

    assert said.startswith(f"models_unreadable The models cannot be listed: {tmp_path}: Too many")
    assert "raise the limit of open files (ulimit -n)" in said


@pytest.mark.parametrize("error", ["EIO", "ENOMEM", "EACCES", "ESTALE"])
@pytest.mark.parametrize("call", ["openat", "getdents64", "newfstatat", "read"])
def test_a_disk_that_fails_is_not_one_with_nothing_on_it(
    tmp_path: Path, call: str, error: str
) -> None:
    file = write_llm(tmp_path / "a" / "b" / "good.gguf")
    place = file if call == "read" else tmp_path
    reason = os.strerror(getattr(errno, error))

    said = _listed(f"(lambda: refuse({call!r}, errno.{error}))", tmp_path)

    assert said.startswith(f"models_unreadable The models cannot be listed: {place}: {reason}.")


@pytest.mark.parametrize("error", ["EIO", "ESTALE"])
def test_a_models_folder_that_fails_is_kept_and_looked_at_again(error: str) -> None:
    """What fails while an engine starts may be mounted again later."""
    start = "from lms_jupyter.engine import settings as s; "
    start += f"refuse('newfstatat', errno.{error}); "
    start += "assert s.studio_models() in s.default_folders()"
    subprocess.run([sys.executable, "-c", REFUSE + start], check=True, cwd=ROOT)


@pytest.mark.asyncio
async def test_what_is_not_there_is_no_failure(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    catalog = Catalog([tmp_path / "nowhere", file, tmp_path / ("x" * 300)])

    assert await catalog.models() == ()
    with pytest.raises(PathNotFoundError) as caught:
        await catalog.resolve("x")
    assert caught.value.hint == "There are no downloaded models yet."


def test_a_list_that_is_not_known_has_another_status_than_an_empty_one() -> None:
    assert ModelsUnreadableError("here", "why").http_status == 503


# Headers that lie


def _text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def _pair(key: bytes, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _file(path: Path, *pairs: bytes, tensors: int = 0, claims: int | None = None) -> Path:
    count = len(pairs) if claims is None else claims
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, tensors, count) + b"".join(pairs))
    return path


def _sparse(path: Path, texts: int, size: int) -> Path:
    """Write a file of a few kilobytes that looks like many long texts."""
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, texts))
        for number in range(texts):
            file.write(_text(b"general.text%d" % number) + struct.pack("<IQ", 8, size))
            file.seek(size, os.SEEK_CUR)
        file.truncate(file.tell())
    return path


MEASURE = """
import resource, sys, time
from pathlib import Path
from lms_jupyter.engine.library.gguf import GgufError, read_header
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    read_header(Path(sys.argv[1]))
except GgufError as error:
    print(error)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * 1024, time.process_time() - began)
"""
MANY = struct.pack("<IQ", 8, MAX_STRINGS + 1)
LIES = {
    "forty texts of 64 MiB": lambda path: _sparse(path, 40, 64 * 2**20),
    "sixty thousand keys of 64 KiB": lambda path: _huge(
        _file(path, *(_pair(b"%05d" % n + b"k" * 60_000, 0, b"x") for n in range(200)))
    ),
    "ten billion texts": lambda path: _huge(
        _file(path, _pair(b"a", 9, struct.pack("<IQ", 8, 10**10)))
    ),
    "more texts than any vocabulary has": lambda path: _huge(_file(path, _pair(b"a", 9, MANY))),
    "a billion numbers": lambda path: _huge(
        _file(path, _pair(b"a", 9, struct.pack("<IQ", 4, 10**9)))
    ),
    "arrays of arrays": lambda path: _file(path, _pair(b"a", 9, struct.pack("<IQ", 9, 5))),
    "two to the sixty tensors": lambda path: _file(path, tensors=2**60),
    "two to the sixty values": lambda path: _file(path, claims=2**60),
    "a million empty tensors": lambda path: _huge(_file(path, tensors=1_000_000)),
    "sixty thousand tensors": lambda path: _huge(_file(path, tensors=60_000)),
    "a text of all there is": lambda path: _file(
        path, _pair(b"a", 8, struct.pack("<Q", 2**64 - 1))
    ),
    "many arrays of many numbers": lambda path: _file(
        path,
        *(_pair(b"a%d" % n, 9, struct.pack("<IQ", 0, 4096) + bytes(4096)) for n in range(2000)),
    ),
}


def _huge(path: Path) -> Path:
    """Make a file as long as it claims to be, without writing it."""
    os.truncate(path, 2**40)
    return path


@pytest.mark.parametrize("lie", LIES)
def test_a_look_at_a_file_that_lies_takes_little(tmp_path: Path, lie: str) -> None:
    file = LIES[lie](tmp_path / "lies.gguf")

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )

    grown, seconds = done.stdout.splitlines()[-1].split()
    assert int(grown) < 64 * 2**20, done.stdout
    assert float(seconds) < 5, done.stdout


def test_a_long_name_is_kept_short_in_every_list(tmp_path: Path) -> None:
    write_llm(tmp_path / "a" / "b" / "long.gguf", name="N" * 1_000_000, size_label="7" * 1000)
    write_llm(tmp_path / "a" / "b" / "turned.gguf", name="gn\u202ep\n")

    long, turned = asyncio.run(Catalog([tmp_path]).models())

    assert long.display_name == "N" * (MAX_DISPLAY_NAME - 1) + "…"
    assert len(long.params_string or "") == 64
    assert turned.display_name == "gn\\u202ep"


def test_a_long_chat_template_is_still_known_to_use_tools(tmp_path: Path) -> None:
    template = "x" * 1_000_000 + "{{ tools }}"
    file = write_llm(tmp_path / "long.gguf", chat_template=template)

    assert read_header(file).text("tokenizer.chat_template") == template


@pytest.mark.parametrize("keep", [8, 20, 24, 60, 200])
def test_a_header_that_ends_early_is_refused_in_one_sentence(tmp_path: Path, keep: int) -> None:
    file = write_llm(tmp_path / "half.gguf")
    os.truncate(file, keep)

    with pytest.raises(GgufError, match=r"^shown\.gguf ends in the middle of its header\.$"):
        read_header(file, name="shown.gguf")
