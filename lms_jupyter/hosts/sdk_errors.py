"""The SDK's exceptions → ours, in one place, most specific first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lmstudio
import msgspec

from lms_jupyter.errors import (
    HostError,
    HostRefusedError,
    HostReplyError,
    HostTimeoutError,
    HostUnreachableError,
    InstanceExistsError,
    InstanceNotFoundError,
    LmsError,
    LoadCancelledError,
    LoadFailedError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.reading import one_line, unreadable

GONE = {
    "generic.noModelMatchingQuery",
    "generic.specificModelUnloaded",
    "generic.identifierNotFound",
}


@contextmanager
def translated(address: str, *, subject: str = "", loading: bool = False) -> Iterator[None]:
    """Turn what the SDK raises inside the block into one of our errors.

    Args:
        address: Where the host is, for the sentence.
        subject: The key or identifier that the call is about.
        loading: Whether a load is under way: what the host says then is why it failed.
    """
    try:
        yield
    except LmsError:
        # Some of ours are OSErrors too.
        raise
    except lmstudio.LMStudioServerError as error:
        raise _from_server(error, subject, loading=loading) from error
    except lmstudio.LMStudioTimeoutError as error:
        raise HostTimeoutError(f"The host at {address} took too long to answer.") from error
    except (lmstudio.LMStudioWebsocketError, OSError) as error:
        raise HostUnreachableError(
            f"The connection to the host at {address} is gone.",
            hint="Is it still running?",
        ) from error
    except lmstudio.LMStudioError as error:
        raise HostReplyError(f"The host at {address} answered: {one_line(str(error))}") from error


@contextmanager
def broken_off(address: str) -> Iterator[None]:
    """Say in one sentence that the host went away, whatever else the SDK raises stays as it is."""
    try:
        yield
    except lmstudio.LMStudioWebsocketError as error:
        raise HostUnreachableError(
            f"The connection to the host at {address} is gone, and with it the answer.",
            hint="Ask again: the handle looks for the host, and brings its instance back.",
        ) from error


@contextmanager
def asked(identifier: str) -> Iterator[None]:
    """Turn an answer that the SDK itself cannot read into one of our errors."""
    try:
        yield
    except msgspec.ValidationError as error:
        raise unreadable(one_line(repr(identifier)), error) from error


def is_gone(error: lmstudio.LMStudioServerError) -> bool:
    """Whether the host says that the instance is not there."""
    code = _table(_raw_error(error).get("displayData")).get("code")
    return isinstance(code, str) and code in GONE


def _from_server(error: lmstudio.LMStudioServerError, subject: str, *, loading: bool) -> LmsError:
    raw = _raw_error(error)
    display, data = _table(raw.get("displayData")), _table(raw.get("errorData"))
    reason, hint = reason_and_hint(error)
    code = display.get("code")
    if "Authentication failed" in str(error):
        return HostRefusedError(
            f"The host does not let us in: {reason}", hint="Does it want an API token?"
        )
    if code == "generic.pathNotFound":
        named = _words(display.get("path")) or subject
        return ModelNotFoundError(named, _names(display.get("availablePathsSample")))
    if isinstance(code, str) and code in GONE:
        return InstanceNotFoundError(subject, _names(display.get("loadedModelsSample")))
    if "already exists" in reason:
        return InstanceExistsError(subject)
    if data.get("code") == "load_cancelled":
        return LoadCancelledError(reason, hint=hint)
    if loading:
        return LoadFailedError(f"{subject!r} could not be loaded: {reason}", hint=hint)
    return HostError(reason, hint=hint)


def reason_and_hint(error: lmstudio.LMStudioServerError) -> tuple[str, str]:
    """Return what went wrong on a host, with its cause, and what the host suggests."""
    raw = _raw_error(error)
    title = _words(raw.get("title")) or _words(raw.get("rootTitle")) or one_line(str(error))
    cause, hint = _words(raw.get("cause")), _words(raw.get("suggestion"))
    reason = title if not cause or cause in title else f"{title.rstrip('.:')}: {cause}"
    return reason, hint


def _raw_error(error: lmstudio.LMStudioServerError) -> Mapping[str, Any]:
    """Return the host's own error object; the typed one drops what it does not know."""
    raw = getattr(error, "_raw_error", None)
    return raw if isinstance(raw, Mapping) else {"title": str(error)}


def _table(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _words(raw: Any) -> str:
    """Return what a host says in its error as a part of a sentence."""
    return one_line(raw) if isinstance(raw, str) else ""


def _names(raw: Any) -> list[str]:
    return (
        [one_line(line) for line in raw if isinstance(line, str)] if isinstance(raw, list) else []
    )
