"""Sessions of the SDK that point at an instance by its reference.

The SDK's handles point at theirs by its identifier, which on an LM Link others may have too.
"""

from collections.abc import Callable
from typing import Any

from lms_jupyter.hosts import sdk_private
from lms_jupyter.hosts.channel import Parameters


class Addressed:
    """A session as a handle uses it: what the handle names by its identifier is one instance.

    Attributes:
        session: The SDK's own, sync or async.
    """

    def __init__(
        self, session: Any, identifier: str, device: str | None, reference: Callable[[], str]
    ) -> None:
        """Take the session and what is meant.

        Args:
            session: The SDK's own.
            identifier: What the handle calls its instance.
            device: Where it is, on an LM Link.
            reference: Returns which instance it is at this moment.
        """
        self.session = session
        self._identifier = identifier
        self._device = device
        self._reference = reference

    def __getattr__(self, name: str) -> Any:
        """Return what the session has, pointing at the instance where it points at one."""
        found = getattr(self.session, name)
        if name not in sdk_private.POINTING:
            return found

        def pointing(_identifier: str, *args: Any, **kwargs: Any) -> Any:
            return found(self._specifier, *args, **kwargs)

        return pointing

    @property
    def _specifier(self) -> dict[str, str]:
        return {"type": "instanceReference", "instanceReference": self._reference()}

    def _create_channel(self, endpoint: Any) -> Any:
        """Open a channel; `act` asks the model over one that it has made itself."""
        asked = endpoint.creation_params
        if "modelSpecifier" in asked:
            asked["modelSpecifier"] = self._specifier
        return sdk_private.create_channel(self.session, endpoint)

    def unload(self, _identifier: str) -> Any:
        """End the instance, and none of the same identifier on another device."""
        parameters = {"identifier": self._identifier, "deviceIdentifier": self._device}
        return self.session.remote_call("unloadModel", Parameters(parameters))

    def ask_by_name(self) -> Any:
        """Ask, or return what is to be awaited, for whatever is called like this now."""
        return sdk_private.ask_by_name(self.session, self._identifier)

    def read(self, raw: Any) -> Any:
        """Return the SDK's noun for such an answer; `None` if it is of another device."""
        if isinstance(raw, dict) and raw.get("deviceIdentifier") != self._device:
            return None
        return sdk_private.instance_info(self.session, raw)
