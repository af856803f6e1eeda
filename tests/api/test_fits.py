"""`fit` in Python and in profiles."""

from pathlib import Path

import pytest

from lms_jupyter.api.fits import fit_sentence
from lms_jupyter.api.load_requests import read_request
from lms_jupyter.api.settings import PROFILES
from lms_jupyter.errors import CommandError
from lms_jupyter.manager.fitting_in import Fitted, Room
from lms_jupyter.protocol.models import Estimate, LoadConfig


def test_a_keyword_and_a_profile_say_it_and_the_keyword_wins(tmp_path: Path) -> None:
    (tmp_path / PROFILES).write_text('[roomy]\nfit = "leave=4GB"\n')

    def fit(**options: str) -> str | None:
        asked = read_request(tmp_path, "m", "ensure", reload=False, **options)  # type: ignore[arg-type]
        return asked.request.fit

    assert fit() is None
    assert fit(fit="max") == "max"
    assert fit(profile="roomy") == "leave=4GB"
    assert fit(profile="roomy", fit="85%") == "85%"


def test_a_fit_that_makes_no_sense_is_refused_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / PROFILES).write_text("[odd]\nfit = 85\n")

    with pytest.raises(CommandError, match=r"write max, 85% or leave=4GB \(profile odd\)"):
        read_request(tmp_path, "m", "ensure", reload=False, profile="odd")
    with pytest.raises(CommandError, match=r"'half' is no fit.*\(a keyword\)"):
        read_request(tmp_path, "m", "ensure", reload=False, fit="half")


def test_one_line_says_what_was_found_and_what_came_of_it() -> None:
    fitted = Fitted(
        config=LoadConfig(context_length=98_304),
        limit="main memory",
        estimate=Estimate(
            total_bytes=6_000_000_000, vram_bytes=0, confidence="high", passes_guardrails=True
        ),
        room=Room(main_bytes=5_000_000_000),
        added=("a q8_0 cache",),
        held_bytes=6_100_000_000,
        is_kept=False,
    )

    assert fit_sentence(fitted) == (
        "Fitted: 98,304 tokens, with a q8_0 cache, limited by main memory; estimated at 6.00 GB, "
        "holds 6.10 GB of main memory: more than was to be taken."
    )
