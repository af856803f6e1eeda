"""The SDK's exceptions → ours, in one place, most specific first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lmstudio

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
        raise HostReplyError(f"The host at {address} answered: {error}") from error


def _from_server(error: lmstudio.LMStudioServerError, subject: str, *, loading: bool) -> LmsError:
    told = _told(error)
    display, data = told.get("displayData") or {}, told.get("errorData") or {}
    title = str(told.get("title") or told.get("rootTitle") or error).strip()
    hint = str(told.get("suggestion") or told.get("cause") or "")
    code = data.get("code") if isinstance(data, Mapping) else None
    if "Authentication failed" in str(error):
        return HostRefusedError(
            f"The host does not let us in: {title}", hint="Does it want an API token?"
        )
    if display.get("code") == "generic.pathNotFound":
        return ModelNotFoundError(
            display.get("path", subject), display.get("availablePathsSample", ())
        )
    if display.get("code") in GONE:
        return InstanceNotFoundError(subject, display.get("loadedModelsSample", ()))
    if "already exists" in title:
        return InstanceExistsError(subject)
    if code == "load_cancelled":
        return LoadCancelledError(title, hint=hint)
    if loading:
        return LoadFailedError(f"{subject!r} could not be loaded: {title}", hint=hint)
    return HostError(title, hint=hint)


def _told(error: lmstudio.LMStudioServerError) -> Mapping[str, Any]:
    """Return the host's own error object; the typed one drops what it does not know."""
    raw = getattr(error, "_raw_error", None)
    return raw if isinstance(raw, Mapping) else {"title": str(error)}
