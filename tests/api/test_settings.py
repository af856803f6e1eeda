from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter.api.load_requests import read_request
from lms_jupyter.api.session import Session
from lms_jupyter.api.settings import merged, profile_names, read_file, read_profile, read_settings
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.parser import parse
from lms_jupyter.magics.verbs.loading import LoadLine
from lms_jupyter.protocol.models import LoadConfig


def test_settings_have_long_and_short_names() -> None:
    told = {"context": 512, "kv": "q8_0", "gpu": "max", "flash": True}

    assert read_settings(told) == LoadConfig(
        context_length=512, k_cache_type="q8_0", v_cache_type="q8_0", gpu=1.0, flash_attention=True
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"contxt": 1}, "no load setting 'contxt'"),
        ({"context_length": "many"}, "makes no sense"),
        ({"k_cache_type": "q3"}, "makes no sense"),
        ({"gpu": "auto"}, "makes no sense"),
    ],
)
def test_settings_that_make_no_sense_are_refused(told: dict[str, object], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        read_settings(told)


def test_what_is_named_later_wins() -> None:
    first, second = LoadConfig(context_length=1, gpu=0.5), LoadConfig(context_length=2)

    assert merged(first, second) == LoadConfig(context_length=2, gpu=0.5)


def test_profiles_are_tables_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "lms_profiles.toml").write_text('[fast]\ncontext = 512\nttl = "5m"\n[big]\n')

    assert read_profile("fast", tmp_path).config == LoadConfig(context_length=512)
    assert read_profile("fast", tmp_path).ttl_s == 300
    assert profile_names(tmp_path) == ("fast", "big")
    with pytest.raises(CommandError) as caught:
        read_profile("fats", tmp_path)
    assert caught.value.hint == "Did you mean fast?"


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("context = [")

    with pytest.raises(CommandError, match="cannot be read as TOML"):
        read_file(tmp_path / "x.toml")
    with pytest.raises(CommandError, match="There is no file"):
        read_file(tmp_path / "y.toml")
    assert profile_names(tmp_path) == ()


def test_keywords_become_a_request(tmp_path: Path) -> None:
    asked = read_request(
        tmp_path, "m", "ensure", reload=False, ttl="5m", gpu="off", timeout="1m", lease=False
    )

    request = asked.request
    assert (request.ttl_s, request.config.gpu, request.lease) == (300, 0.0, False)
    assert (asked.timeout_s, asked.names_ttl) == (60, True)
    forever = read_request(tmp_path, "m", "new", reload=False, ttl=None)
    assert (forever.request.ttl_s, forever.names_ttl) == (None, True)
    default = read_request(tmp_path, "m", "use", reload=False)
    assert (default.request.ttl_s, default.names_ttl) == (3600, False)
    with pytest.raises(CommandError, match="no load setting 'contxt'"):
        read_request(tmp_path, "m", "ensure", reload=False, contxt=1)  # type: ignore[call-arg]


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a notebook that has a profile and two files of settings beside it."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "mine.ipynb"))
    (tmp_path / "lms_profiles.toml").write_text(
        '[fast]\ncontext = 512\nttl = "5m"\n[plain]\ncontext = 256\n[for_ever]\nttl = "none"\n'
    )
    (tmp_path / "long.toml").write_text('context = 2048\nparallel = 2\nttl = "2h"\n')
    (tmp_path / "short.toml").write_text("parallel = 3\n")
    return tmp_path


@pytest.mark.parametrize(
    ("config", "profile", "ttl", "ttl_s"),
    [
        (None, "fast", "1h", 3600),
        (None, "fast", "60m", 3600),
        (None, "fast", "none", None),
        (None, "fast", None, 300),
        (None, "for_ever", None, None),
        (None, "for_ever", "1h", 3600),
        ("long.toml", "fast", None, 300),
        ("long.toml", "fast", "1h", 3600),
        ("long.toml", "plain", None, 7200),
        ("long.toml", "for_ever", None, None),
        ("long.toml", None, None, 7200),
        ("long.toml", None, "1h", 3600),
        ("short.toml", "fast", None, 300),
        ("short.toml", None, None, 3600),
        (None, None, None, 3600),
        (None, None, "90", 90),
    ],
)
def test_a_call_and_a_line_join_file_profile_and_what_was_said_alike(
    notebook: Path, config: str | None, profile: str | None, ttl: str | None, ttl_s: float | None
) -> None:
    told: dict[str, Any] = {"config": config, "profile": profile, "ttl": ttl}
    said = {name: value for name, value in told.items() if value is not None}

    called = read_request(Session().folder, "m", "ensure", reload=False, seed=7, **said)
    flags = " ".join(f"--{name} {value}" for name, value in said.items())
    line = parse(f"load m --seed 7 {flags}")

    assert isinstance(line, LoadLine)
    assert line.complete(notebook) == called
    assert called.request.ttl_s == ttl_s
    assert called.request.config.seed == 7
    of_file = 2048 if config == "long.toml" else None
    context = {"fast": 512, "plain": 256}.get(profile or "", of_file)
    assert called.request.config.context_length == context
    names = {name: "--profile fast" for name in ["context_length"] if profile == "fast"}
    if profile == "plain":
        names = {"context_length": "--profile plain"}
    of_files = {
        "long.toml": {"context_length": "long.toml", "parallel": "long.toml"},
        "short.toml": {"parallel": "short.toml"},
    }
    assert called.request.sources == of_files.get(config or "", {}) | names


def test_what_is_said_with_the_load_has_no_other_source(notebook: Path) -> None:
    asked = read_request(notebook, "m", "ensure", reload=False, profile="fast", context_length=9)
    assert asked.request.sources == {}


def test_settings_by_name_may_hold_a_ttl_as_a_file_may() -> None:
    told = {"context": 512, "ttl": "5m"}

    asked = read_request(Session().folder, "m", "ensure", reload=False, config=told)

    assert (asked.request.config.context_length, asked.request.ttl_s) == (512, 300)


@pytest.mark.parametrize("ttl", ["5m", "300", 300, 300.0, timedelta(minutes=5), " ".join(["5m"])])
def test_a_ttl_is_read_by_its_value(ttl: Any) -> None:
    asked = read_request(Session().folder, "m", "ensure", reload=False, ttl=ttl)
    assert asked.request.ttl_s == 300


@pytest.mark.parametrize("ttl", [True, [], {}, b"5m", object, float("nan"), float("inf"), "", -1])
def test_what_is_no_ttl_is_refused_in_a_sentence(ttl: Any) -> None:
    with pytest.raises(CommandError, match="TTL"):
        read_request(Session().folder, "m", "ensure", reload=False, ttl=ttl)


@pytest.mark.parametrize("profile", [5, ["fast"], b"fast"])
def test_what_is_no_name_of_a_profile_is_refused_in_a_sentence(profile: Any) -> None:
    with pytest.raises(CommandError, match="no name of a profile"):
        read_request(Session().folder, "m", "ensure", reload=False, profile=profile)


def test_a_folder_that_has_been_removed_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(CommandError, match="has been removed"):
        read_request(Session().folder, "m", "ensure", reload=False, profile="fast")
