import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.printable import printable, printable_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31mred", r"\x9b31mred"),
        ("back\x08space\x7f", r"back\x08space\x7f"),
        ("over\rwritten", r"over\rwritten"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("no utf-8: \udcff", r"no utf-8: \udcff"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("ümlaut, 日本語, 🙂", "ümlaut, 日本語, 🙂"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_stays_a_line() -> None:
    assert printable_line("two\nlines\tand a tab") == r"two\nlines\tand a tab"


@given(st.text(st.characters()))
def test_any_text_can_be_written_and_is_its_own_printable(text: str) -> None:
    shown = printable(text)

    shown.encode()
    assert printable(shown) == shown
    assert all(
        letter.isprintable() or letter in "\n\t" or letter.isspace() or ord(letter) > 0xA0
        for letter in shown
    )
