"""How much memory a load may take, as people write it."""

import pytest

from lms_jupyter.protocol.fit import Fit, read_fit


@pytest.mark.parametrize(
    ("written", "fit"),
    [
        ("max", Fit()),
        ("85%", Fit(share=0.85)),
        (" 62.5 % ", Fit(share=0.625)),
        ("100%", Fit(share=1.0)),
        ("leave=4GB", Fit(leave_bytes=4_000_000_000)),
        ("leave = 1.5 GiB", Fit(leave_bytes=1_610_612_736)),
        ("leave=500mb", Fit(leave_bytes=500_000_000)),
    ],
)
def test_it_is_read_as_people_write_it(written: str, fit: Fit) -> None:
    assert read_fit(written) == fit


@pytest.mark.parametrize(
    "written", ["", "85", "0%", "101%", "-5%", "leave=", "leave=4", "leave=4XB", "4GB"]
)
def test_what_is_none_is_refused_in_one_sentence(written: str) -> None:
    with pytest.raises(ValueError, match="write max, 85% or leave=4GB"):
        read_fit(written)


def test_a_share_is_of_the_whole_memory_whoever_uses_it() -> None:
    assert Fit(share=0.85).free_bytes(1000) == 150
    assert Fit(leave_bytes=7).free_bytes(1000) == 7
    assert Fit().free_bytes(1000) == 0
    assert [fit.keeps for fit in (Fit(), Fit(share=1.0), Fit(leave_bytes=0))] == [False, True, True]
