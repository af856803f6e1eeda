"""What keeps each instance in memory, and what will end it: `%lms status --why`."""

from collections.abc import Iterator, Sequence
from typing import Any

from lms_jupyter.api.draw import compact
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.manager import Manager, lookup
from lms_jupyter.manager.duration import format_duration
from lms_jupyter.manager.keep_words import say_keep
from lms_jupyter.manager.leases import GRACE_S, Lease
from lms_jupyter.manager.rules import Rules
from lms_jupyter.protocol.models import Instance

HEADING = ("IDENTIFIER", "KEPT BY", "ENDS")


async def reasons(manager: Manager) -> "Reasons":
    """Look at what is in memory, and say why it is still there."""
    found = await lookup.instances(manager)
    leases: tuple[Lease, ...] = ()
    if manager.leases is not None:
        leases = manager.leases.of(manager.activity.host.address)
    is_watched = manager.leases is not None and manager.leases.is_watched
    return Reasons(found, leases, manager, is_watched=is_watched)


class Reasons:
    """Why each instance is in memory, for a table and as JSON."""

    def __init__(
        self,
        instances: Sequence[Instance],
        leases: Sequence[Lease],
        manager: Manager,
        *,
        is_watched: bool,
    ) -> None:
        self._instances = sorted(instances, key=lambda instance: instance.identifier)
        self._leases = leases
        self._manager = manager
        self._is_watched = is_watched

    def draw(self) -> RichOutput:
        """Draw a row for each instance."""
        rules = self._rules_note()
        if not self._instances:
            return RichOutput("Nothing is in memory.", after=rules)
        rows = [
            (instance.identifier, "; ".join(self.kept_by(instance)), "; ".join(self.ends(instance)))
            for instance in self._instances
        ]
        return RichOutput("Why what is in memory is there.", [(HEADING, rows)], after=rules)

    def json(self) -> str:
        """Return the same as JSON."""
        rows: list[dict[str, Any]] = [
            {
                "identifier": instance.identifier,
                "keptBy": list(self.kept_by(instance)),
                "ends": list(self.ends(instance)),
            }
            for instance in self._instances
        ]
        return compact(rows)

    def kept_by(self, instance: Instance) -> Iterator[str]:
        """Say what keeps it, the strongest first."""
        now = self._manager.host_now()
        if instance.status not in ("idle", "unknown"):
            yield f"it works ({instance.status.replace('_', ' ')})"
        if instance.pinned:
            yield "a pin"
        open_in = ", ".join(self._wanting(instance))
        if instance.keep is not None and instance.keep.until is not None:
            yield f"--keep {say_keep(instance.keep, now)}"
        elif instance.keep is not None or open_in:
            yield f"--keep while-open: {open_in or 'a notebook elsewhere'}"
        elif not instance.pinned and instance.ttl_s is None:
            yield "no TTL"
        elif not instance.pinned and instance.ttl_s is not None:
            yield f"its TTL of {format_duration(instance.ttl_s)}{self._left(instance, now)}"
        if rule := next((entry.rule for entry in self._of(instance) if entry.rule), ""):
            yield rule

    def ends(self, instance: Instance) -> Iterator[str]:
        """Say what will end it, besides whoever unloads it."""
        now = self._manager.host_now()
        if instance.pinned:
            yield "by an unload alone"
            return
        keep = instance.keep
        if keep is not None and keep.until is not None:
            when = say_keep(keep, now).replace("until ", "at ")
            yield f"{when}, or when what it works on then is done"
            return
        if any(self._wanting(instance)) or keep is not None:
            yield self._after_holders("when these have ended")
            return
        if instance.ttl_s is not None:
            yield "when nobody has used it for so long"
        if self._is_leased(instance):
            owner = instance.owner or "the notebook that loaded it"
            yield self._after_holders(f"when {owner} has ended")
        if instance.jit:
            yield "when a request names another model"
        if "givesWay" in self._manager.activity.host.features:
            yield "when another program needs the memory"
        if instance.ttl_s is None and not instance.jit and not self._is_leased(instance):
            yield "by an unload alone"

    def _left(self, instance: Instance, now: float) -> str:
        if instance.idle_since is None or instance.ttl_s is None or instance.status != "idle":
            return ""
        return f", {format_duration(max(0.0, instance.idle_since + instance.ttl_s - now))} left"

    def _after_holders(self, when: str) -> str:
        if not self._is_watched:
            return f"{when}, as soon as a Jupyter Server of yours runs (none sees to it now)"
        return f"{when}, {format_duration(GRACE_S)} later"

    def _of(self, instance: Instance) -> Iterator[Lease]:
        reference = instance.instance_reference
        return (lease for lease in self._leases if lease.instance_reference == reference)

    def _wanting(self, instance: Instance) -> Iterator[str]:
        return (lease.holder.label for lease in self._of(instance) if lease.while_open)

    def _is_leased(self, instance: Instance) -> bool:
        leases = tuple(self._of(instance))
        return any(lease.loaded for lease in leases) and all(lease.expires for lease in leases)

    def _rules_note(self) -> str:
        read = self._manager.collaborators.read_rules
        rules = Rules() if read is None else read()
        if not rules.file:
            return ""
        count = len(rules.rules)
        return f"{count} rule{'' if count == 1 else 's'} in {rules.file}."
