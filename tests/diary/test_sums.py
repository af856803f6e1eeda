"""Sums of the diary."""

from lms_jupyter.diary.entries import Pages, PastRequest, Refusal, Stay
from lms_jupyter.diary.sums import GONE_S, NOBODY, loads, sums

DAY = 86_400.0
NOON = 20_000 * DAY + DAY / 2
NOTEBOOK = "/home/u/train.ipynb"


def _stay(reference: str, begin: float, end: float | None, **changes: object) -> Stay:
    fields = {
        "host": "engine",
        "reference": reference,
        "identifier": reference,
        "model_key": "tiny",
        "client": NOTEBOOK,
        "loaded_at": begin,
        "seen_at": end or begin,
        "ended_at": end,
    }
    return Stay(**(fields | changes))  # type: ignore[arg-type]


def _request(
    reference: str, at: float, written: int, speed: float | None, **k: object
) -> PastRequest:
    return PastRequest(
        host="engine",
        reference=reference,
        identifier=reference,
        model_key="tiny",
        at=at,
        prompt_tokens=10,
        predicted_tokens=written,
        tokens_per_second=speed,
        **k,  # type: ignore[arg-type]
    )


PAGES = Pages(
    stays=(
        _stay("b", NOON, NOON + DAY, why="evicted"),
        _stay("a", NOON - 100, NOON, client="", model_key="big"),
    ),
    requests=(
        _request("b", NOON + 1, 100, 50.0, client=NOTEBOOK),
        _request("b", NOON + 2, 300, 100.0, client="curl/8", energy_j=4.0),
    ),
    refusals=(Refusal(host="engine", model_key="huge", client=NOTEBOOK, at=NOON, why="Too much."),),
)


def test_a_notebook_has_its_loads_and_its_own_requests() -> None:
    found = {one.name: one for one in sums(PAGES, "notebook", since=0, now=NOON, utc_offset_s=0)}

    train = found[NOTEBOOK]
    assert (train.loads, train.refused, train.evicted, train.seconds) == (1, 1, 1, DAY)
    assert (train.requests, train.predicted_tokens, train.tokens_per_second) == (1, 100, 50.0)
    assert train.energy_j is None
    assert found["curl/8"].energy_j == 4.0
    assert found[NOBODY].seconds == 100


def test_speed_is_all_tokens_by_all_the_time_they_took() -> None:
    (tiny,) = [
        s for s in sums(PAGES, "model", since=0, now=NOON, utc_offset_s=0) if s.name == "tiny"
    ]

    assert (tiny.requests, tiny.prompt_tokens, tiny.predicted_tokens) == (2, 20, 400)
    assert tiny.tokens_per_second == 400 / (100 / 50 + 300 / 100)


def test_days_are_cut_at_midnight_where_the_reader_is() -> None:
    by_day = {s.name: s.seconds for s in sums(PAGES, "day", since=0, now=NOON, utc_offset_s=0)}
    assert by_day == {"2024-10-04": DAY / 2 + 100, "2024-10-05": DAY / 2}

    east = {
        s.name: s.seconds for s in sums(PAGES, "day", since=0, now=NOON, utc_offset_s=6 * 3600.0)
    }
    assert east == {"2024-10-04": DAY / 4 + 100, "2024-10-05": DAY * 3 / 4}


def test_what_began_before_counts_from_when_it_is_asked() -> None:
    (tiny,) = [
        s
        for s in sums(PAGES, "model", since=NOON + DAY / 2, now=NOON, utc_offset_s=0)
        if s.name == "tiny"
    ]
    assert (tiny.loads, tiny.seconds) == (0, DAY / 2)


def test_a_load_has_its_figures_and_what_is_there_still_counts_on() -> None:
    here = _stay("c", NOON, None, seen_at=NOON + 50)
    pages = Pages(stays=(here,), requests=PAGES.requests, refusals=PAGES.refusals)

    there, refused = loads(pages, now=NOON + 60)
    assert (there.ended_at, there.seconds, there.requests) == (None, 60, 0)
    assert (refused.reference, refused.why) == ("", "refused: Too much.")

    gone, _ = loads(pages, now=NOON + 50 + GONE_S)
    assert (gone.ended_at, gone.seconds) == (NOON + 50, 50)


def test_a_clock_that_jumps_back_makes_no_negative_time() -> None:
    pages = Pages(stays=(_stay("a", NOON, NOON - 500),))

    (load,) = loads(pages, now=NOON)
    (tiny,) = sums(pages, "model", since=0, now=NOON, utc_offset_s=0)

    assert (load.seconds, tiny.seconds) == (0, 0)
