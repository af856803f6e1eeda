import pytest

from lms_jupyter.errors import (
    AmbiguousModelError,
    InstanceExistsError,
    InstanceNotFoundError,
    LmsError,
    ModelNotFoundError,
)


def test_ipython_is_shown_the_sentence_and_the_hint() -> None:
    error = ModelNotFoundError("qwen3-4b", ["qwen/qwen3-4b"])

    assert error._render_traceback_() == [
        "ModelNotFoundError: No downloaded model has the key 'qwen3-4b'.",
        "Did you mean qwen/qwen3-4b?",
    ]


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        ([], "Nothing is in memory."),
        (["chat"], "Did you mean chat?"),
        (["alpha", "beta"], "In memory: alpha, beta."),
    ],
)
def test_a_missing_instance_says_what_there_is(known: list[str], hint: str) -> None:
    assert InstanceNotFoundError("chatt", known).hint == hint


def test_an_ambiguous_key_carries_its_candidates() -> None:
    error = AmbiguousModelError("qwen", iter(["qwen/a", "qwen/b"]))

    assert error.candidates == ("qwen/a", "qwen/b")
    assert error.title == "2 models match 'qwen'."


def test_an_instance_in_the_way_says_how_it_differs() -> None:
    assert "already exists" in InstanceExistsError("chat").title
    assert "gpu is 0.0, not 1.0" in InstanceExistsError("chat", "gpu is 0.0, not 1.0").title


def test_errors_can_be_caught_by_the_builtin_that_a_reader_would_guess() -> None:
    assert issubclass(ModelNotFoundError, LookupError)
    assert issubclass(ModelNotFoundError, LmsError)
