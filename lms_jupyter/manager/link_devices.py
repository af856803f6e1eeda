"""Whether a device of the LM Link is there, before something is asked of it."""

from lms_jupyter.errors import LmsError, LoadFailedError
from lms_jupyter.manager.manager import Manager


async def check_connected(device: str, manager: Manager) -> None:
    """Refuse a load on a device that has left the link; what nobody knows is the host's to refuse.

    Args:
        device: Its identifier; empty for the host itself.
        manager: Whose host's link it is on.

    Raises:
        LoadFailedError: It is not connected. Nothing was loaded.
    """
    known = manager.activity.lm_link
    if known is None or all(
        link_device.connected for link_device in known.devices if link_device.device == device
    ):
        return
    from lms_jupyter.hosts.link_status import link_status  # noqa: PLC0415 - seldom needed

    try:
        # What was seen last is some seconds old.
        now = await link_status(manager.connected_host)
    except LmsError:
        return
    away = next((d for d in now.devices if d.device == device and not d.connected), None)
    if away is None:
        return
    soon = f" The host tries again in {now.reconnect_in_s} s." if now.reconnect_in_s else ""
    raise LoadFailedError(
        f"{away.name} is disconnected from the LM Link, so nothing was loaded there.",
        hint=f"`%lms link status` says how it stands; --device Local loads on the host.{soon}",
    )
