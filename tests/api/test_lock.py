"""A lock says what a notebook uses, and every way in which that is not so any more."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from lms_jupyter.api import lock as locks
from lms_jupyter.api.drift import check
from lms_jupyter.errors import CommandError, ModelNotFoundError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager, loading
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import LoadConfig
from tests.hosts.fake import FakeHost, fake_model

QWEN = "qwen/qwen3-4b"
FILE = b"not really a model"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the model, where LM Studio keeps it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / ".lmstudio/models" / fake_model().path
    path.parent.mkdir(parents=True)
    path.write_bytes(FILE)
    return path


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(fake_model(size_bytes=len(FILE)), fake_model("other/model"))


@pytest_asyncio.fixture
async def manager(host: FakeHost) -> AsyncIterator[Manager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    await loading.carry_out(
        LoadRequest(
            model_key=QWEN,
            identifier="chat",
            ttl_s=600,
            config=LoadConfig(context_length=512, gpu=0.5),
        ),
        manager,
    )
    yield manager
    await manager.close()


@pytest.mark.asyncio
async def test_a_lock_holds_what_is_needed_to_have_it_all_back(
    manager: Manager, disk: Path, tmp_path: Path
) -> None:
    host = manager.reached
    assert isinstance(host, FakeHost)
    host.put(host.disk[1], identifier="of somebody else")

    written = await locks.write_lock(tmp_path / "x.json", manager)

    assert disk.is_file()
    (locked,) = written.instances
    assert (locked.identifier, locked.model_key, locked.ttl_s) == ("chat", QWEN, 600)
    assert locked.asked == LoadConfig(context_length=512, gpu=0.5)
    assert (locked.quantization, written.host, written.host_version) == ("Q4_K_M", "Fake", "1")
    assert locked.sha256 is not None
    assert locks.read_lock(tmp_path / "x.json") == written
    assert await locks.drift(written, manager) == ()


@pytest.mark.asyncio
async def test_restoring_brings_back_the_same_instance(
    manager: Manager, host: FakeHost, tmp_path: Path
) -> None:
    written = await locks.write_lock(tmp_path / "x.json", manager)
    host.memory.clear()

    instances = await locks.restore(written, manager)

    assert [(i.identifier, i.context_length, i.ttl_s) for i in instances] == [("chat", 512, 600)]
    assert await locks.differs(written, instances, manager.connected_host) == []
    again = await locks.restore(written, manager)
    assert again == instances, "what is there already is used"


@pytest.mark.asyncio
@pytest.mark.parametrize("what", ["host", "missing", "size", "content", "variant"])
async def test_whatever_has_drifted_is_a_sentence(
    manager: Manager, host: FakeHost, disk: Path, tmp_path: Path, what: str
) -> None:
    written = await locks.write_lock(tmp_path / "x.json", manager)
    said = {
        "host": "The host was Fake 0, and is Fake 1.",
        "missing": f"{QWEN}: its file {fake_model().path} is not there.",
        "size": f"{QWEN}: its file has 7 bytes, and had 18.",
        "content": f"{QWEN}: its file is another one.",
        "variant": "",
    }[what]
    match what:
        case "host":
            written = replace(written, host_version="0")
        case "missing":
            host.disk = host.disk[1:]
        case "size":
            host.disk[0] = replace(host.disk[0], size_bytes=7)
        case "content":
            disk.write_bytes(FILE[::-1])
        case "variant":
            # The file is there as one of several of another model.
            host.disk[0] = replace(host.disk[0], variants=(f"{QWEN}@q8_0",))

    assert await locks.drift(written, manager) == ((said,) if said else ())


@pytest.mark.asyncio
async def test_settings_that_are_not_given_as_before_are_told(
    manager: Manager, host: FakeHost, tmp_path: Path
) -> None:
    written = await locks.write_lock(tmp_path / "x.json", manager)
    host.memory.clear()
    host.ceiling = LoadConfig(gpu=0.0)

    instances = await locks.restore(written, manager)

    assert await locks.differs(written, instances, manager.connected_host) == [
        "chat: gpu was 0.5, and is 0.0."
    ]


@pytest.mark.asyncio
async def test_what_cannot_be_restored_is_one_sentence(
    manager: Manager, host: FakeHost, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="There is no lock"):
        locks.read_lock(tmp_path / "x.json")
    written = await locks.write_lock(tmp_path / "x.json", manager)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(CommandError, match="cannot be read as a lock"):
        locks.read_lock(tmp_path / "x.json")
    host.memory.clear()
    with pytest.raises(CommandError, match="nothing is in memory"):
        await locks.write_lock(tmp_path / "x.json", manager)
    host.disk.clear()
    with pytest.raises(ModelNotFoundError, match=QWEN):
        await locks.restore(written, manager)


@pytest.mark.asyncio
async def test_a_lock_from_before_embedding_keys_had_a_prefix_is_restored(
    manager: Manager, host: FakeHost
) -> None:
    model = fake_model("text-embedding-near", kind="embedding", publisher="acme")
    host.disk.append(model)
    lock = locks.LockFile(
        host=host.info.name,
        instances=(
            locks.Locked(identifier="near", model_key="near", path=model.path, size_bytes=1),
        ),
    )

    (restored,) = await locks.restore(lock, manager)

    assert (restored.model_key, restored.identifier) == ("text-embedding-near", "near")


FILE_PLACES = {
    "downloaded by the engine": ("data/lms-jupyter/models", {}),
    "in LM Studio's folder": (".lmstudio/models", {}),
    "where a pointer leads": (
        "disk/models",
        {".lmstudio-home-pointer": "{home}/disk"},
    ),
    "where its settings lead": (
        "big",
        {".lmstudio/settings.json": '{{"downloadsFolder": "{home}/big"}}'},
    ),
    "where the settings of a moved one lead": (
        "big",
        {
            ".lmstudio-home-pointer": "{home}/disk",
            "disk/settings.json": '{{"downloadsFolder": "{home}/big"}}',
        },
    ),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("place", FILE_PLACES)
async def test_the_file_of_a_model_is_found_wherever_models_lie(
    place: str, manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    folder, settings = FILE_PLACES[place]
    for name, text in settings.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text.format(home=home))
    file = home / folder / fake_model().path
    file.parent.mkdir(parents=True)
    file.write_bytes(FILE)

    (locked,) = (await locks.write_lock(tmp_path / "x.json", manager)).instances

    assert locked.sha256 == hashlib.sha256(FILE).hexdigest()


@pytest.mark.parametrize("path", ["/etc/hostname", "../x.gguf", "a/../../x.gguf", "", "a\0b"])
def test_a_path_that_leads_out_of_the_folders_is_not_followed(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".lmstudio" / "models").mkdir(parents=True)
    (tmp_path / ".lmstudio" / "x.gguf").write_bytes(FILE)
    (tmp_path / "x.gguf").write_bytes(FILE)

    assert locks._find(path, len(FILE)) is None
    assert locks._find(path, Path("/etc/hostname").stat().st_size) is None


def test_the_first_of_several_parts_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".lmstudio" / "models" / "a" / "b"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"m-0000{number}-of-00002.gguf").write_bytes(FILE)

    assert locks._find("a/b/m-00001-of-00002.gguf", 2 * len(FILE)) is not None
    assert locks._find("a/b/m-00001-of-00002.gguf", 3 * len(FILE)) is None


@pytest.mark.asyncio
async def test_a_lock_that_cannot_be_written_is_one_sentence(
    manager: Manager, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CommandError, match=r"cannot be written to .*Not a directory"):
        await locks.write_lock(tmp_path / "file" / "x.json", manager)


@pytest.mark.asyncio
async def test_a_check_is_silent_only_if_everything_is_as_it_was(
    manager: Manager, host: FakeHost, disk: Path, tmp_path: Path
) -> None:
    written = await locks.write_lock(tmp_path / "x.json", manager)
    before = tuple(host.memory), len(host.requests)

    report = await check(written, manager)

    assert disk.is_file()
    assert (report.lines, report.by_size) == ((), ())
    assert (tuple(host.memory), len(host.requests)) == before


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing", "chat: it is not in memory."),
        ("context", "chat: context_length was 512, and is 1024."),
        ("setting", "chat: gpu was 0.5, and is 1.0."),
        ("ttl", "chat: its TTL was 10 min, and is none."),
        ("model", f"chat: it was {fake_model().path}, and is other/model/model-Q4_K_M.gguf."),
        ("another name", "chat: it is not in memory."),
        ("file", f"{QWEN}: its file is another one."),
        ("host", "The host was Fake 0, and is Fake 1."),
    ],
)
async def test_a_check_tells_every_difference_and_mends_none(
    manager: Manager, host: FakeHost, disk: Path, tmp_path: Path, what: str, said: str
) -> None:
    written = await locks.write_lock(tmp_path / "x.json", manager)
    config = LoadConfig(context_length=512, gpu=0.5)
    if what not in ("file", "host"):
        host.memory.clear()
    match what:
        case "context":
            config = replace(config, context_length=1024)
            host.put(host.disk[0], identifier="chat", ttl_s=600, config=config)
        case "setting":
            config = replace(config, gpu=1.0)
            host.put(host.disk[0], identifier="chat", ttl_s=600, config=config)
        case "ttl":
            host.put(host.disk[0], identifier="chat", config=config)
        case "model":
            host.put(host.disk[1], identifier="chat", ttl_s=600, config=config)
        case "another name":
            host.put(host.disk[0], identifier="other", ttl_s=600, config=config)
        case "file":
            disk.write_bytes(FILE[::-1])
        case "host":
            written = replace(written, host_version="0")
    before = tuple(host.memory)

    report = await check(written, manager)

    assert report.lines == (said,)
    assert tuple(host.memory) == before


@pytest.mark.asyncio
async def test_a_file_that_cannot_be_read_is_said_to_be_compared_by_size(
    manager: Manager, disk: Path, tmp_path: Path
) -> None:
    written = await locks.write_lock(tmp_path / "x.json", manager)
    disk.unlink()

    report = await check(written, manager)

    assert (report.lines, report.by_size) == ((), (fake_model().path,))
