"""The namespace `repository` of a gateway: its fleet is what LM Studio calls a link."""

from __future__ import annotations

from functools import partial
from typing import Any

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.fleet.gateway import Gateway
from lms_jupyter.engine.routes.connection import Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.wire.fields import an_object, optional_text, text

MAX_NAME = 100


def over(gateway: Gateway, local: Namespace) -> Namespace:
    """Return a namespace that tells of the fleet."""
    calls = {
        "lmLinkStatus": _status,
        "lmLinkSetPreferredDevice": _prefer,
        "lmLinkUpdateDeviceName": _rename,
        "lmLinkSetDisabled": _switch,
    }
    ours = {name: partial(call, gateway) for name, call in calls.items()}
    return Namespace(local.name, {**local.rpcs, **ours}, local.channels)


def _status(gateway: Gateway, _caller: Caller, _parameter: Any) -> dict[str, Any]:
    return gateway.status()


def _prefer(gateway: Gateway, _caller: Caller, parameter: Any) -> None:
    """Have loads that name no device go to this one; null: where there is a place."""
    identifier = optional_text(an_object(parameter), "deviceIdentifier")
    if identifier not in {None, gateway.device, gateway.name}:
        identifier = gateway.fleet.device(str(identifier)).device
    gateway.preferred = gateway.device if identifier == gateway.name else identifier


def _rename(gateway: Gateway, _caller: Caller, parameter: Any) -> None:
    name = text(an_object(parameter), "deviceName").strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadRequestError(f"{name!r:.100} is no name of a device.", hint="Write one line.")
    gateway.name = name


def _switch(_gateway: Gateway, _caller: Caller, parameter: Any) -> None:
    if an_object(parameter).get("disabled"):
        raise UnsupportedError(
            "The fleet cannot be switched off while its gateway runs; end the gateway instead."
        )
