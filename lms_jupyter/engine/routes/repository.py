"""The namespace `repository`."""

from __future__ import annotations

import socket
from typing import Any

from lms_jupyter.engine.routes.connection import Namespace
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services


def namespace(services: Services) -> Namespace:
    """Return what this path offers."""
    del services
    return Namespace("repository", {"lmLinkStatus": _link_status}, {})


def _link_status(_caller: Caller, _parameter: Any) -> dict[str, Any]:
    """Say that there is no link to other machines; the `lms` command asks for it first of all."""
    return {
        "status": "offline",
        "issues": ["deviceDisabled"],
        "peers": [],
        "deviceIdentifier": None,
        "deviceName": socket.gethostname(),
    }
