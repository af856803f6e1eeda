import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.magics.fill import fill, unfilled, unfilled_note

NAMES = {"a": 1, "text": "some text", "ümlaut": "ü"}


@pytest.mark.parametrize(
    ("prompt", "filled"),
    [
        ("Sum up {text}.", "Sum up some text."),
        ("file_{a}.txt", "file_1.txt"),
        ("{a}{text}", "1some text"),
        ("{ümlaut}", "ü"),
        ("{nobody}", "{nobody}"),
        ("{{a}}", "{a}"),
        ("{{nobody}}", "{{nobody}}"),
        ("{ a }", "{ a }"),
        ("{a.b}", "{a.b}"),
        ("{a:>3}", "{a:>3}"),
        ('{"a": {"b": [1, 2]}}', '{"a": {"b": [1, 2]}}'),
        ("f = lambda: {a: 1}", "f = lambda: {a: 1}"),
        ("echo ${a}", "echo ${a}"),
        (r"\frac{a}{text}", r"\frac{a}{text}"),
        ("{% if a %}{{ a }}", "{% if a %}{{ a }}"),
    ],
)
def test_only_names_that_the_notebook_knows_are_filled_in(prompt: str, filled: str) -> None:
    assert fill(prompt, NAMES) == filled


@given(st.text())
def test_without_names_a_prompt_stays_to_the_letter(prompt: str) -> None:
    assert fill(prompt, {}) == prompt


@given(st.text(alphabet=st.characters(exclude_characters="{}")), st.text())
def test_a_value_is_never_filled_again(before: str, value: str) -> None:
    assert fill(before + " {x}", {"x": value}) == f"{before} {value}"


@pytest.mark.parametrize(
    ("prompt", "missing"),
    [
        ("Sum up {text}.", []),
        ("Sum up {txt} and {txt}, {other}.", ["txt", "other"]),
        ("{{txt}}, ${txt}, { txt }, {txt.a}", []),
        (r"\frac{x}{y}", []),
        ("Explain `{txt}` to me", []),
        ("```python\nf'{txt}'\n```\n{after}", ["after"]),
        ("```python\nf'{txt}'", []),
    ],
)
def test_a_name_that_the_notebook_does_not_have_is_found(prompt: str, missing: list[str]) -> None:
    assert unfilled(prompt, NAMES) == missing


def test_what_stays_to_the_letter_is_said_with_the_name_that_was_meant() -> None:
    assert unfilled_note("{txt}", NAMES) == (
        "No variable for {txt}: the prompt has it to the letter. Did you mean {text}?"
    )
    assert unfilled_note("{p} {q}", NAMES) == (
        "No variable for {p}, {q}: the prompt has them to the letter."
    )
    assert unfilled_note("{text}", NAMES) == ""
