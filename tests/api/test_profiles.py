import json
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from msgspec.structs import replace

from lms_jupyter.api import profiles
from lms_jupyter.api.profiles import ProfileFile
from lms_jupyter.api.settings import PROFILES, read_profile
from lms_jupyter.errors import CommandError
from lms_jupyter.protocol.models import LoadConfig, Profile

FAST = Profile(
    name="fast",
    config=LoadConfig(context_length=4096, gpu=0.5, flash_attention=True, k_cache_type="q8_0"),
    ttl_s=1800.0,
    names_ttl=True,
)


def test_what_the_panel_saves_the_magic_reads(tmp_path: Path) -> None:
    ProfileFile(tmp_path).save(FAST)

    recipe = read_profile("fast", tmp_path)
    assert (recipe.config, recipe.ttl_s) == (FAST.config, 1800.0)
    assert ProfileFile(tmp_path).read() == (FAST,)


@pytest.mark.parametrize("fit", ["max", "85%", "leave=4GB"])
def test_how_much_memory_a_load_may_take_is_kept(tmp_path: Path, fit: str) -> None:
    profile = replace(FAST, fit=fit)

    ProfileFile(tmp_path).save(profile)

    assert read_profile("fast", tmp_path).fit == fit
    assert ProfileFile(tmp_path).read() == (profile,)


def test_a_fit_that_is_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="'120%' is no fit"):
        ProfileFile(tmp_path).save(replace(FAST, fit="120%"))

    assert not (tmp_path / PROFILES).exists()


def test_presets_say_what_they_would_load_with_or_why_they_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".lmstudio" / "config-presets"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, key in {"long": "contextLength", "newer": "of2030"}.items():
        fields = [{"key": f"llm.load.{key}", "value": 4096}]
        preset = {"name": name, "load": {"fields": fields}}
        (folder / f"{name}.preset.json").write_text(json.dumps(preset))
    asks = {"name": "asks", "operation": {"fields": []}}
    (folder / "asks.preset.json").write_text(json.dumps(asks))

    long, newer = ProfileFile(tmp_path).presets()

    assert (long.name, long.config, long.problem) == ("long", LoadConfig(context_length=4096), None)
    assert newer.problem is not None
    assert "sets llm.load.of2030" in newer.problem.title


def test_what_people_wrote_into_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / PROFILES
    path.write_text("# mine\n[small]\ncontext = 2048  # enough\n")

    ProfileFile(tmp_path).save(FAST)
    ProfileFile(tmp_path).save(Profile(name="fast", config=LoadConfig(seed=1)))

    text = path.read_text()
    assert "# mine\n[small]\ncontext = 2048  # enough\n" in text
    assert [profile.name for profile in ProfileFile(tmp_path).read()] == ["small", "fast"]
    assert read_profile("fast", tmp_path).config == LoadConfig(seed=1)


@pytest.mark.parametrize("name", ["my best", "a.b", 'with "quotes"', "größer", "[x]"])
def test_any_name_can_be_given(tmp_path: Path, name: str) -> None:
    profile = Profile(name=name, ttl_s=None, names_ttl=True)

    ProfileFile(tmp_path).save(profile)

    assert ProfileFile(tmp_path).read() == (profile,)


def test_a_folder_without_profiles_has_none(tmp_path: Path) -> None:
    assert ProfileFile(tmp_path).read() == ()


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / PROFILES
    path.write_text("[broken\n")

    with pytest.raises(CommandError, match="fast"):
        ProfileFile(tmp_path).save(FAST)

    assert path.read_text() == "[broken\n"


SAVE_MANY = """
import sys
from pathlib import Path
from lms_jupyter.api.profiles import ProfileFile
from lms_jupyter.protocol.models import Profile

print("ready", flush=True)
sys.stdin.readline()
for number in range(15):
    ProfileFile(Path(sys.argv[1])).save(Profile(name=f"{sys.argv[2]}{number}"))
"""


def test_two_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVE_MANY, str(tmp_path), who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in ("kernel", "server")
    ]
    for saver in savers:
        assert saver.stdout is not None
        assert saver.stdout.readline() == "ready\n"

    for saver in savers:
        assert saver.stdin is not None
        saver.stdin.write("go\n")
        saver.stdin.flush()

    for saver in savers:
        saver.communicate(timeout=60)
        assert saver.returncode == 0
    names = {profile.name for profile in ProfileFile(tmp_path).read()}
    assert names == {f"{who}{number}" for who in ("kernel", "server") for number in range(15)}


def test_a_file_that_another_process_holds_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(profiles, "SAVE_TIMEOUT_S", 0.1)
    ProfileFile(tmp_path).save(FAST)
    (file,) = (tmp_path / "state").rglob("profiles-*.lock")

    with FileLock(file), pytest.raises(CommandError, match="Another process"):
        ProfileFile(tmp_path).save(Profile(name="slow"))

    assert ProfileFile(tmp_path).read() == (FAST,)


def test_a_profile_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="name"):
        ProfileFile(tmp_path).save(Profile(name="  "))


def test_a_file_that_is_linked_to_stays_where_it_is_and_keeps_its_rights(tmp_path: Path) -> None:
    shared = tmp_path / "shared.toml"
    shared.write_text("[small]\ncontext = 2048\n")
    shared.chmod(0o640)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / PROFILES).symlink_to(shared)

    ProfileFile(folder).save(FAST)

    assert (folder / PROFILES).is_symlink()
    assert shared.stat().st_mode & 0o777 == 0o640
    assert [profile.name for profile in ProfileFile(folder).read()] == ["small", "fast"]
    assert [path.name for path in folder.iterdir()] == [PROFILES]


def test_a_folder_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        ProfileFile(tmp_path / "gone").save(FAST)

    path = tmp_path / "gone" / PROFILES
    assert caught.value.title == (
        f"The profile 'fast' cannot be written to {path}: No such file or directory."
    )
    assert "--config" in caught.value.hint
