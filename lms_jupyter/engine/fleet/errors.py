"""What can go wrong between the gateway of a fleet and its devices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, EngineError
from lms_jupyter.engine.version import VERSION


def other_version(version: object) -> str:
    """Say that a device has another version of this package than the gateway."""
    return f"It has lms-jupyter {version!s:.50}, and the gateway has {VERSION}."


def ray_sentence(error: BaseException) -> str:
    """Say in one sentence what Ray says in several lines."""
    text = str(error)
    if "InvalidAuthToken" in f"{text}{error.__cause__}":
        return "it wants another token."
    versions = re.findall(r"(?:Ray|Python): (\S+)", text)
    if text.startswith("Version mismatch") and len(versions) == 4:  # noqa: PLR2004
        cluster, python, ours, our_python = versions
        return (
            f"it has Ray {cluster} with Python {python}, and the gateway has Ray {ours} with "
            f"Python {our_python}."
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]


class DeviceNotFoundError(BadRequestError):
    """No device of the fleet has this identifier."""

    code = "device_not_found"
    http_status = 404

    def __init__(self, device: str, known: Iterable[str]) -> None:
        names = ", ".join(map(repr, known))
        super().__init__(
            f"No device of this fleet is called {device!r:.100}.",
            hint=f"There are: {names}." if names else "It has no devices but the gateway itself.",
        )


class DeviceDisconnectedError(EngineError):
    """The device is known, and cannot be reached at this moment."""

    code = "device_disconnected"
    http_status = 503

    def __init__(self, name: str, problem: str = "") -> None:
        because = f": {problem}" if problem else "."
        super().__init__(
            f"The device {name!r} is not connected{because}",
            hint="`%lms link status` says when it is back; another device may have the model.",
        )


class DeviceLostError(EngineError):
    """The device went away while it was asked something."""

    code = "device_lost"
    http_status = 502

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The device {name!r} went away before it had answered.",
            hint="What it had in memory may be gone; ask again, or load the model elsewhere.",
        )


class NoPlaceError(EngineError):
    """No device can take a load that names none."""

    code = "no_device_has_room"
    http_status = 503

    def __init__(self, model_key: str, reason: str) -> None:
        super().__init__(
            f"{model_key!r:.100} has no place in this fleet. {reason}",
            hint="Unload something, use a shorter context or a smaller variant.",
        )


class NotCopiedError(EngineError):
    """The files of a model could not be brought to a device that has none of them."""

    code = "copy_failed"
    http_status = 502

    def __init__(self, model_key: str, name: str, problem: str) -> None:
        super().__init__(
            f"{model_key!r:.100} could not be copied to {name!r}: {problem}",
            hint="Nothing half-copied stays. Make it right, or load it where its file is.",
        )
        self.problem = problem


class RelayedError(EngineError):
    """What the engine of a device says is wrong, handed on as it is."""

    code = "device_error"

    def __init__(self, envelope: Mapping[str, Any]) -> None:
        super().__init__(str(envelope.get("title") or "The device failed."))
        self._envelope = dict(envelope)
        data = envelope.get("errorData")
        self.relayed_code = data.get("code") if isinstance(data, Mapping) else None

    def envelope(self) -> dict[str, object]:
        """Return the error object as it came."""
        return self._envelope
