"""How the memory diary is shown."""

import pytest

from lms_jupyter.api.usage import draw_loads, draw_requests, draw_sums
from lms_jupyter.protocol.diary import DiaryLoad, DiaryRequest, DiarySum
from lms_jupyter.protocol.record import Record

LOAD = DiaryLoad(
    host="engine",
    reference="r",
    identifier="chat<b>",
    model_key="tiny",
    client="/home/u/train.ipynb",
    loaded_at=1000.0,
    seen_at=4700.0,
    ended_at=4700.0,
    why="evicted",
    ended_by="/home/u/other.ipynb",
    seconds=3700.0,
    requests=2,
    prompt_tokens=1234,
    predicted_tokens=56,
    tokens_per_second=7.89,
)


def test_a_load_is_a_row_with_names_and_figures() -> None:
    output = draw_loads([LOAD], 5000.0, 30)

    text = output.text()
    assert "1 load in the last 30 days." in text
    for cell in ("train.ipynb", "1 h 1 min", "1,234", "56", "7.9", "evicted by other.ipynb"):
        assert cell in text
    assert "/home/u" not in text
    assert "ENERGY" not in text
    assert "<b>" not in output.html()


def test_energy_is_a_column_only_where_it_is_known() -> None:
    known = DiarySum(name="tiny", energy_j=7200.0)
    text = draw_sums([known, DiarySum(name="other")], "model", 0.5).text()

    assert "ENERGY" in text
    assert "2.00 Wh" in text
    assert "The last 12 hours, by model." in text


def test_a_request_says_how_it_ended() -> None:
    request = DiaryRequest(
        host="engine",
        reference="r",
        identifier="chat",
        model_key="tiny",
        client="curl/8",
        at=1000.0,
        seconds=1.23,
        prompt_tokens=3,
        predicted_tokens=5,
        ending="userStopped",
    )
    text = draw_requests([request]).text()
    for cell in ("chat", "curl/8", "1.2 s", "stopped"):
        assert cell in text


def test_nothing_is_said_in_words() -> None:
    assert "Nothing was loaded" in draw_loads([], 0.0, 7).text()
    assert "Nothing was loaded" in draw_sums([], "day", 7).text()
    assert "Nothing was asked" in draw_requests([]).text()


@pytest.mark.parametrize("kind", [DiaryLoad, DiaryRequest, DiarySum])
def test_rows_become_columns_of_a_data_frame(kind: type[Record]) -> None:
    pandas = pytest.importorskip("pandas")
    rows = [LOAD] if kind is DiaryLoad else []
    frame = pandas.DataFrame(rows)
    if rows:
        assert list(frame["predicted_tokens"]) == [56]
        assert list(frame.columns)[:3] == ["host", "reference", "identifier"]
    assert "client" in kind.__dataclass_fields__ or kind is DiarySum
