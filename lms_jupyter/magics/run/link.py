"""Runs `link`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from lms_jupyter.api.draw import compact
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.link import LinkLine
from lms_jupyter.protocol.models import Instance


@perform.register
def link(request: LinkLine, context: MagicContext) -> Any:
    """Show how the host stands on LM Link, after changing what is asked for."""
    from lms_jupyter.hosts import link_status  # noqa: PLC0415 - brings the SDK

    context.connect()
    host = context.manager.connected_host
    match request.what:
        case "enable":
            work = link_status.enable(host)
        case "disable":
            work = link_status.disable(host)
        case "set-device-name":
            work = link_status.set_device_name(host, request.name)
        case "set-preferred-device":
            work = link_status.set_preferred_device(host, request.name)
        case _:
            work = link_status.link_status(host)
    now = context.session.run(work)
    if request.as_json:
        return context.say(compact(msgspec.to_builtins(now)))
    context.show(_drawn(now, context.manager.activity.instances).bundle())
    return None


def _drawn(now: Any, instances: Sequence[Instance]) -> RichOutput:
    """Draw who is on the link, and what each has in memory."""
    rows = [
        (
            peer.name,
            "connected" if peer.connected else "disconnected",
            peer.device,
            "preferred" if peer.device == now.preferred_device else "",
            ", ".join(known.identifier for known in instances if known.device == peer.device),
        )
        for peer in now.devices
    ]
    if not rows:
        return RichOutput(f"{_state(now)} No other device is on it.")
    return RichOutput(
        _state(now), [(("DEVICE", "STATUS", "IDENTIFIER", "LOADS", "IN MEMORY"), rows)]
    )


def _state(now: Any) -> str:
    """Say how the host itself stands, and when that changes."""
    here = f"LM Link of {now.name or 'this host'}: {now.status}"
    if now.issues:
        here += f" ({', '.join(now.issues)})"
    if now.reconnect_in_s is not None:
        here += f", back in {now.reconnect_in_s} s"
    if now.last_error:
        here += f". Last error: {now.last_error.rstrip('.')}"
    prefers = ". Loads go to this machine first" if now.preferred_device == now.device else ""
    return f"{here}{prefers if now.device else ''}."
