"""What an instance was like before it was ended, so that it can be had again."""

from collections.abc import Mapping, MutableMapping

from msgspec import Struct

from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.hosts.base import Host
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig

KEPT = 50


class Former(Struct, frozen=True, kw_only=True):
    """An instance before it was ended, and all that it takes to have it back."""

    instance: Instance
    config: LoadConfig
    """What was in effect."""
    asked: LoadConfig | None
    """What had been asked for, if this kernel loaded it."""

    def request(self, mode: LoadMode) -> LoadRequest:
        """Return what asks for it again."""
        return LoadRequest.like(self.instance, self.config, mode=mode)


async def remember(instance: Instance, host: Host, own: Mapping[str, LoadConfig]) -> Former:
    """Note what an instance is like; called before it is ended.

    The settings in effect count. Where the host does not report them, what was asked for has to do,
    and what can be seen of any instance.

    Args:
        instance: Which one.
        host: Where it is.
        own: What was asked for what this kernel loaded, by references.
    """
    asked = own.get(instance.instance_reference)
    try:
        config = await host.load_config(instance)
    except LmsError:
        config = asked or LoadConfig(context_length=instance.context_length)
    return Former(instance=instance, config=config, asked=asked)


async def reinstate(
    former: Former, instance: Instance, host: Host, own: MutableMapping[str, LoadConfig]
) -> None:
    """Give an instance that was loaded again what a load does not ask for: whose it is, its pin."""
    if former.asked is not None:
        own[instance.instance_reference] = former.asked
    if former.instance.pinned and not instance.pinned:
        await host.pin(instance, pinned=True)


class RecentlyUnloaded:
    """The last instances that were unloaded, by their references."""

    def __init__(self) -> None:
        self._known: dict[str, Former] = {}

    def keep(self, former: Former) -> None:
        """Keep what an instance was like; the oldest of too many goes."""
        self._known[former.instance.instance_reference] = former
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def take(self, instance_reference: str) -> Former:
        """Return what was unloaded, once.

        Raises:
            CommandError: It was not unloaded here, or is back already.
        """
        try:
            return self._known.pop(instance_reference)
        except KeyError:
            raise CommandError(
                "What was unloaded cannot be brought back from here.",
                hint="Load it again from the list of models.",
            ) from None
