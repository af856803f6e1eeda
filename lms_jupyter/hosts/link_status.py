"""The LM Link of a host: who is on it, and what can be changed about it.

The calls are those of LM Studio's own command line, `lms link`; the embedded engine has no link.
"""

import asyncio
import time
from typing import Any

from msgspec import Struct

from lms_jupyter.errors import CommandError, HostTimeoutError
from lms_jupyter.hosts.base import Host
from lms_jupyter.hosts.lm_link import devices
from lms_jupyter.hosts.reading import noun, one_line, reads, table
from lms_jupyter.protocol import models as protocol
from lms_jupyter.protocol.models import LinkDevice

ENABLE_TIMEOUT_S = 10.0
"""How long `lms link enable` waits for the link, too."""
LOOK_EVERY_S = 0.25
NOT_ENABLED = "deviceDisabled"


class LinkStatus(Struct, frozen=True, kw_only=True):
    """How a host stands on its LM Link."""

    status: protocol.LinkStatus
    issues: tuple[str, ...] = ()
    """Why it is not online: "deviceDisabled", "notLoggedIn", "noAccess", "badVersion"."""
    device: str | None = None
    """The host's own identifier."""
    name: str = ""
    preferred_device: str | None = None
    """Where a load goes that names no device; `None`: the host decides."""
    reconnect_in_s: int | None = None
    last_error: str = ""
    devices: tuple[LinkDevice, ...] = ()


async def link_status(host: Host) -> LinkStatus:
    """Say who is on the link of a host."""
    return _read(await host.link("lmLinkStatus"))


async def enable(host: Host) -> LinkStatus:
    """Switch the link on, and wait until it is.

    Raises:
        HostTimeoutError: It does not come up in time.
    """
    await host.link("lmLinkSetDisabled", {"disabled": False})
    deadline = time.monotonic() + ENABLE_TIMEOUT_S
    while (now := await link_status(host)).status != "online":
        others = [issue for issue in now.issues if issue != NOT_ENABLED]
        if others or time.monotonic() > deadline:
            because = f": {', '.join(others)}" if others else f" within {ENABLE_TIMEOUT_S:g} s"
            raise HostTimeoutError(
                f"LM Link is switched on and did not come up{because}.",
                hint="`%lms link status` says how it stands; sign in where LM Studio runs.",
            )
        await asyncio.sleep(LOOK_EVERY_S)
    return now


async def disable(host: Host) -> LinkStatus:
    """Switch the link off."""
    await host.link("lmLinkSetDisabled", {"disabled": True})
    return await link_status(host)


async def set_device_name(host: Host, name: str) -> LinkStatus:
    """Give the host's own device another name.

    Raises:
        CommandError: It is no name.
    """
    if not name.strip() or one_line(name) != name:
        raise CommandError(f"{name!r} is no name of a device.", hint="Write one line of text.")
    await host.link("lmLinkUpdateDeviceName", {"deviceName": name.strip()})
    return await link_status(host)


async def set_preferred_device(host: Host, wanted: str) -> LinkStatus:
    """Have loads that name no device go to this one.

    Args:
        host: Whose link it is.
        wanted: The device's name or identifier; the host's own is one of them.

    Raises:
        CommandError: No device is called so, or several are.
    """
    now = await link_status(host)
    known = {peer.device: peer.name for peer in now.devices}
    if now.device is not None:
        known[now.device] = now.name
    fitting = [device for device, name in known.items() if wanted in (device, name)]
    if len(fitting) != 1:
        names = ", ".join(f"{name} ({device})" for device, name in known.items()) or "none"
        problem = "Several devices are" if fitting else "No device is"
        raise CommandError(f"{problem} called {wanted!r}.", hint=f"There are: {names}.")
    await host.link("lmLinkSetPreferredDevice", {"deviceIdentifier": fitting[0]})
    return await link_status(host)


@reads("its LM Link")
def _read(raw: Any) -> LinkStatus:
    fields = table(raw)
    error = fields.get("lastError")
    return noun(
        {
            "status": fields["status"],
            "issues": fields.get("issues", []),
            "device": fields.get("deviceIdentifier"),
            "name": one_line(str(fields.get("deviceName", ""))),
            "preferred_device": fields.get("preferredDeviceIdentifier"),
            "reconnect_in_s": fields.get("reconnectInSeconds"),
            "last_error": "" if error is None else one_line(str(table(error).get("message", ""))),
            "devices": devices(fields),
        },
        LinkStatus,
    )
