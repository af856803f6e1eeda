"""A host's error is one sentence of ours, with its cause."""

from typing import Any

import lmstudio
import pytest

from lms_jupyter.errors import (
    DownloadFailedError,
    HostError,
    HostReplyError,
    InstanceNotFoundError,
    LmsError,
    LoadFailedError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.sdk_errors import translated


def told(error: Any, *, loading: bool = False) -> LmsError:
    """Return what becomes of a host's error object."""
    with pytest.raises(LmsError) as caught, translated("host:1", subject="x", loading=loading):
        raise lmstudio.LMStudioServerError.from_details("RPC error", error)
    return caught.value


def test_a_load_error_keeps_its_cause_and_its_suggestion() -> None:
    error = told(
        {
            "title": "Failed to load the model.",
            "cause": "The system has 3.1 GiB left.",
            "suggestion": "Ask for a shorter context.",
        },
        loading=True,
    )

    assert isinstance(error, LoadFailedError)
    assert error.title == (
        "'x' could not be loaded: Failed to load the model: The system has 3.1 GiB left."
    )
    assert error.hint == "Ask for a shorter context."


def test_a_cause_without_a_suggestion_is_said_once() -> None:
    error = told({"title": "Out of memory: 3 GiB left", "cause": "3 GiB left"}, loading=True)

    assert error.title == "'x' could not be loaded: Out of memory: 3 GiB left"
    assert error.hint == ""


def test_several_lines_are_one_and_control_codes_are_left_out() -> None:
    title = "It failed:\r\n  at main\x1b[31m (app.js:1)\n\n\tat boot"
    error = told({"title": title, "cause": "a\nb"})

    assert type(error) is HostError
    assert error.title == "It failed: at main[31m (app.js:1) at boot: a b"


def test_a_very_long_error_is_cut() -> None:
    error = told({"title": "word " * 5000})

    assert len(error.title) < 400
    assert error.title.endswith("…")


@pytest.mark.parametrize(
    "odd",
    [
        {"title": 5},
        {"title": None, "rootTitle": ["a"]},
        {"title": "T", "displayData": "text", "errorData": [1]},
        {"title": "T", "displayData": {"code": ["generic.pathNotFound"]}},
        {"title": "T", "cause": {"a": 1}, "suggestion": 7},
        {},
    ],
)
def test_an_odd_error_is_an_error_of_ours(odd: dict[str, Any]) -> None:
    assert told(odd).title


def test_names_within_an_error_may_be_anything() -> None:
    display = {"code": "generic.pathNotFound", "path": 5, "availablePathsSample": [None, "x2"]}
    assert isinstance(told({"title": "T", "displayData": display}), ModelNotFoundError)

    display = {"code": "generic.noModelMatchingQuery", "loadedModelsSample": "x"}
    assert isinstance(told({"title": "T", "displayData": display}), InstanceNotFoundError)


def test_a_message_that_the_sdk_does_not_expect_is_not_repeated_whole() -> None:
    with pytest.raises(HostReplyError) as caught, translated("host:1"):
        raise lmstudio.LMStudioClientError(f"RPC unexpected message: {'x' * 9999}\n{{}}")

    assert len(caught.value.title) < 400


def test_our_own_errors_pass() -> None:
    with pytest.raises(DownloadFailedError, match="mine"), translated("host:1"):
        raise DownloadFailedError("mine")
