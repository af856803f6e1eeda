"""A user's own rules say how long models stay whose load names no TTL."""

import contextlib
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lms_jupyter.errors import CommandError
from lms_jupyter.manager.keep_words import parse_keep, say_keep
from lms_jupyter.manager.rules import Rules, read_rules
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Keep
from lms_jupyter.rule_file import rules_path
from tests.hosts.fake import fake_model

RULES = """
[[rule]]
kind = "embedding"
pin = true

[[rule]]
model = "qwen/*"
keep = "while-open"

[[rule]]
ttl = "20m"
"""
UNNAMED = LoadRequest(model_key="x", ttl_s=3600.0, ttl_is_default=True)
MORNING = datetime(2027, 1, 31, 9).astimezone()


def _rules(tmp_path: Path, text: str) -> Rules:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    return read_rules(file)


def test_the_first_rule_that_fits_counts(tmp_path: Path) -> None:
    rules = _rules(tmp_path, RULES)
    embed = rules.completed(UNNAMED, fake_model("nomic", kind="embedding"))
    qwen = rules.completed(UNNAMED, fake_model("Qwen/qwen3-4b@q4_k_m"))
    other = rules.completed(UNNAMED, fake_model("gemma"))
    assert (embed.pin, embed.ttl_s, embed.rule) == (True, 3600.0, "rule 1 of rules.toml")
    assert (qwen.keep, qwen.pin) == (Keep(), False)
    assert (other.ttl_s, other.keep) == (1200.0, None)


def test_what_a_load_names_counts_more(tmp_path: Path) -> None:
    rules = _rules(tmp_path, RULES)
    named = LoadRequest(model_key="x", ttl_s=60.0)
    kept = LoadRequest(model_key="x", keep=Keep(), ttl_is_default=True)
    for request in (named, kept):
        assert rules.completed(request, fake_model("gemma")) == request


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    rules = read_rules(tmp_path / "none.toml")
    assert rules == Rules()
    assert rules.completed(UNNAMED, fake_model("gemma")) == UNNAMED


def test_another_file_can_be_named(tmp_path: Path) -> None:
    assert rules_path({"LMS_JUPYTER_RULES": str(tmp_path)}) == tmp_path
    assert rules_path({}).name == "rules.toml"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[rule]]\nttl = 5", "Rule 1 of .* cannot be used"),
        ("[[rule]]\nttl = 'soon'", "Rule 1 of .*'soon' is no TTL"),
        ("[[rule]]\nkeep = 'until'", "Rule 1 of .* nothing that could keep"),
        ("[[rule]]\nstay = true", "Rule 1 of .*unknown field `stay`"),
        ("[[rule]]\nkind = 'vision'", "Rule 1 of .*vision"),
        ("[rules]\nttl = '5m'", "has rules where rules are looked for"),
        ("rule = [", "cannot be read"),
    ],
)
def test_what_makes_no_sense_names_the_file_and_the_rule(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        _rules(tmp_path, text)


def test_a_time_of_day_is_the_next_one() -> None:
    evening = MORNING.replace(hour=18)
    assert parse_keep("until 18:00", MORNING) == Keep(until=evening.timestamp())
    tomorrow = (MORNING + timedelta(days=1)).replace(hour=8)
    assert parse_keep("until  8:00", MORNING) == Keep(until=tomorrow.timestamp())
    assert parse_keep("until 2027-01-31 18:00", MORNING) == Keep(until=evening.timestamp())
    assert parse_keep("while-open", MORNING) == Keep()


@pytest.mark.parametrize(
    "text",
    ["", "until", "until 25:00", "until noon", "for ever", "until 2027-01-30 09:00", "while"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        parse_keep(text, MORNING)


@pytest.mark.parametrize("zone", ["UTC+12", "UTC-12"])
@pytest.mark.parametrize("text", ["until 9999-12-31 23:59", "until 0001-01-01 00:00"])
def test_the_ends_of_the_calendar_are_a_time_or_none(
    zone: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with contextlib.suppress(CommandError):
            assert parse_keep(text).until is not None
    finally:
        monkeypatch.undo()
        time.tzset()


def test_another_day_is_said() -> None:
    evening = Keep(until=MORNING.replace(hour=18).timestamp())
    assert say_keep(evening, MORNING.timestamp()) == "until 18:00"
    yesterday = MORNING - timedelta(days=1)
    assert say_keep(evening, yesterday.timestamp()) == "until 2027-01-31 18:00"
