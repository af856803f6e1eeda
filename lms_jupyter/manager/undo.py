"""Remembers what was unloaded, so that it can be loaded again as it was."""

from dataclasses import dataclass

from lms_jupyter.errors import CommandError, LmsError
from lms_jupyter.hosts.base import Host
from lms_jupyter.protocol.models import Instance, LoadConfig

KEPT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Unloaded:
    """An instance that was ended, and all that it takes to have it back."""

    instance: Instance
    config: LoadConfig


class Memory:
    """The last instances that were unloaded, by their references."""

    def __init__(self) -> None:
        self._known: dict[str, Unloaded] = {}

    async def note(self, instance: Instance, host: Host, asked: LoadConfig | None) -> None:
        """Keep what an instance is like; called before it is ended.

        The settings in effect count. Where the host does not tell them, what was asked for has to
        do, and what can be seen of any instance.
        """
        try:
            config = await host.load_config(instance)
        except LmsError:
            config = asked or LoadConfig(context_length=instance.context_length)
        self._known[instance.instance_reference] = Unloaded(instance=instance, config=config)
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def take(self, instance_reference: str) -> Unloaded:
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
