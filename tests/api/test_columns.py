from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.api.columns import fit, shortened

HEADING = ("IDENTIFIER", "DEVICE", "SIZE")


def test_with_room_nothing_is_left_out() -> None:
    text, left_out = fit(HEADING, [("chat", "Local", "2.50 GB")], 80)

    assert text.splitlines() == ["IDENTIFIER    DEVICE    SIZE", "chat          Local     2.50 GB"]
    assert left_out == []


def test_the_gap_shrinks_before_a_column_goes() -> None:
    text, left_out = fit(HEADING, [("chat", "Local", "2.50 GB")], 28)

    assert text.splitlines()[0] == "IDENTIFIER  DEVICE  SIZE"
    assert left_out == []


def test_the_least_needed_column_goes_first_and_is_named() -> None:
    text, left_out = fit(HEADING, [("chat", "Local", "2.50 GB")], 20)

    assert text.splitlines()[0] == "IDENTIFIER  SIZE"
    assert left_out == ["DEVICE"]


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    text, left_out = fit(("MODEL",), [("qwen3-4b-instruct-2507@q4_k_m",)], 16)

    assert text.splitlines()[1] == "qwen3-4b…@q4_k_m"
    assert left_out == []


def test_names_are_shortened_before_it_is_left_out_whose_an_instance_is() -> None:
    text, left_out = fit(("IDENTIFIER", "LOADED BY"), [("a" * 30, "train.ipynb")], 40)

    assert "train.ipynb" in text
    assert left_out == []


@given(
    st.lists(st.text(st.characters(codec="ascii", exclude_categories=["C"])), min_size=3),
    st.integers(40, 200),
)
def test_lines_are_never_wider_than_asked(cells: list[str], width: int) -> None:
    rows = [cells[at : at + 3] for at in range(0, len(cells) - len(cells) % 3, 3)]
    text, _ = fit(HEADING, rows, width)

    assert max(map(len, text.split("\n"))) <= width


@given(st.text(), st.integers(1, 40))
def test_a_shortened_text_is_never_longer_than_asked(text: str, most: int) -> None:
    assert len(shortened(text, most)) <= most


def test_where_rows_are_on_several_devices_their_column_is_the_last_to_be_left_out() -> None:
    heading = ("IDENTIFIER", "DEVICE", "PARALLEL")
    here, there = ("twin", "Local", "4"), ("twin", "gpu-box", "4")

    assert fit(heading, [here, here], 24)[1] == ["DEVICE"]
    assert fit(heading, [here, there], 24)[1] == ["PARALLEL"]
    assert fit(heading, [here, there], 12)[1] == ["PARALLEL", "DEVICE"]
