import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.errors import CommandError
from lms_jupyter.manager.duration import format_duration, parse_ttl


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5", 1.5), ("5m", 300), ("1h30m", 5400), ("2H", 7200), ("45s", 45)],
)
def test_people_write_times_in_many_ways(text: str, seconds: float) -> None:
    assert parse_ttl(text) == seconds


@pytest.mark.parametrize("text", ["none", "NONE", "never"])
def test_none_means_never(text: str) -> None:
    assert parse_ttl(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-1", "0m", "m", "5 m", "1e3", "nan", "inf", "5d", "\u0665"),
        *("9" * 13, "9" * 400, f"{'9' * 400}h", "9" * 5000),
    ],
    ids=range(15),
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        parse_ttl(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(1, 59))
def test_hours_minutes_and_seconds_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert parse_ttl(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


@given(st.text(max_size=12) | st.from_regex(r"-?[0-9hms. ]{0,8}", fullmatch=True))
def test_any_text_is_at_least_a_second_or_never_or_refused_in_a_sentence(text: str) -> None:
    seconds: float | None = 1.0
    with contextlib.suppress(CommandError):
        seconds = parse_ttl(text)

    assert seconds is None or (seconds >= 1 and math.isfinite(seconds))


@given(st.integers(1, 10**7))
def test_seconds_are_read_as_they_are(seconds: int) -> None:
    assert parse_ttl(str(seconds)) == parse_ttl(f"{seconds}s") == seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.6, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (3661, "1 h 1 min")],
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert format_duration(seconds) == said
