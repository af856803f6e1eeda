"""What is looked for in llama.cpp's log after each module of these tests."""

from __future__ import annotations

from . import warnings

HEAD = "2026-11-26 13:32:38,760 INFO tutor: 0.00.396.001"


def test_a_warning_that_nobody_expects_is_found_once() -> None:
    lines = [
        f"{HEAD} W srv  init: a field {number} is not understood, using its default"
        for number in (1, 2)
    ]
    assert warnings.told([f"{HEAD} I all is well", *lines]) == lines[1:]


def test_what_is_dropped_is_found_without_a_mark_and_what_is_expected_is_not() -> None:
    dropped = "INFO tutor: WARNING: JSON schema conversion was incomplete: 'not' is unsupported"
    expected = f"{HEAD} W srv  stop: cancel task, id_task = 17"
    assert warnings.told([expected, dropped]) == [dropped]
