"""Regular expressions, as they are given to llguidance."""

from __future__ import annotations

import pytest

from lms_jupyter.engine.prediction.pattern import translated


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        (r"^\d{3}$", "^[0-9]{3}$"),
        (r"[\w.-]", "[A-Za-z0-9_.-]"),
        (r"[^\d]", r"[^\d]"),
        (r"a.b", r"a[^\n\r\u{2028}\u{2029}]b"),
        (r"a\.b", r"a\.b"),
        (r"a\/b", "a/b"),
        ("\\u00e9", r"\u{00e9}"),
        (r"[a&&[b]", r"[a\&\&\[b]"),
        (r"(?P<year>\d)", "(?:[0-9])"),
        (r"a{2,}?b{3}c{0,1}d??(e)+[f]*\?+", r"a{2,}?b{3}c{0,1}d??(e)+[f]*\?+"),
    ],
)
def test_a_pattern_means_what_ecmascript_means(pattern: str, written: str) -> None:
    assert translated(pattern) == [written]


def test_look_aheads_at_the_beginning_become_patterns_of_their_own() -> None:
    assert translated(r"^(?=.*\d)(?=[a-z])\w{3}$")[1:] == [
        r"^(?:[^\n\r\u{2028}\u{2029}]*[0-9])",
        "^(?:[a-z])",
    ]
    assert translated(r"^(?!^[-+.]*$)[+-]?\d*$") == ["^[+-]?[0-9]*$", "[^-+.]"]
    assert translated(r"^(?!.*[<>])a+$") == ["^a+$", "^[^<>]*$"]


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\bword\b", r"(a)\1", r"(?<=a)b", r"(?i)a", r"\cA", "\\ud83d", r"a(?=b)", r"^(?=a)b|c"),
        *("a**", "a++", "a*??", "^+", "^{2}$", "$?", "(*a)", "a|+", "?", "a{,3}", "a{2", "{"),
        *(r"^(?!ab)", r"[", r"(?=", "[]", r"[a--b]", "\\"),
    ],
)
def test_what_could_mean_something_else_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        translated(pattern)
