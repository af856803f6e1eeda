from pathlib import Path

import pytest

from lms_jupyter.api.session import Session
from lms_jupyter.api.settings import merged, profile_names, read_file, read_profile, read_settings
from lms_jupyter.api.wishes import wish
from lms_jupyter.errors import CommandError
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


def test_keywords_become_a_wish() -> None:
    here = Session()

    asked = wish(here, "m", "ensure", reload=False, ttl="5m", gpu="off", timeout="1m", lease=False)

    assert (asked.ttl_s, asked.config.gpu, asked.timeout_s, asked.lease) == (300, 0.0, 60, False)
    assert wish(here, "m", "new", reload=False, ttl=None).ttl_s is None
    assert wish(here, "m", "use", reload=False).ttl_s == 3600
    with pytest.raises(CommandError, match="no load setting 'contxt'"):
        wish(here, "m", "ensure", reload=False, contxt=1)  # type: ignore[call-arg]
