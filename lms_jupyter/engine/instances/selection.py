"""Which loaded instance a client means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lms_jupyter.engine.errors import (
    AmbiguousNameError,
    DomainMismatchError,
    ModelUnloadedError,
    NoModelMatchingQueryError,
)
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.library.names import closest, spelled, without_number
from lms_jupyter.engine.worker.load_settings import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is known of the instance; `None` means that it does not matter."""

    identifier: str | None = None
    path: str | None = None
    vision: bool | None = None

    def as_asked(self) -> dict[str, object]:
        """Return what the client said, for an error message."""
        parts = {"identifier": self.identifier, "path": self.path, "vision": self.vision}
        return {name: value for name, value in parts.items() if value is not None}


def select(
    instances: Sequence[Instance], query: Query, domain: Domain | None, *, sole: bool = False
) -> Instance:
    """Return the instance that fits best; `domain` limits the types.

    An identifier that nobody has is also understood as every form of a model's name. Of several
    instances of one model any will do, unless it has to be the `sole` one, since something is done
    to it.

    Raises:
        DomainMismatchError: Only an instance of the other type fits.
        AmbiguousNameError: Instances of several models fit, or several where one is needed.
        NoModelMatchingQueryError: None fits.
    """
    right = [instance for instance in instances if domain in (None, instance.domain)]
    found = _fitting(right, query)
    if not found:
        other = _fitting(instances, query) if query.identifier or query.path else []
        if other and domain is not None:
            raise DomainMismatchError(other[0].identifier, other[0].domain, domain)
        raise NoModelMatchingQueryError(
            query.as_asked(), [instance.identifier for instance in right]
        )
    name = query.identifier or query.path
    files = {instance.model.file for instance in found}
    if name and len(found) > 1 and (sole or len(files) > 1):
        raise AmbiguousNameError(name, [instance.identifier for instance in found])
    return found[0]


def by_reference(instances: Iterable[Instance], reference: str, domain: Domain | None) -> Instance:
    """Return the instance with this reference, or raise `ModelUnloadedError`."""
    for instance in instances:
        if instance.reference == reference:
            if domain not in (None, instance.domain):
                raise DomainMismatchError(instance.identifier, instance.domain, str(domain))
            return instance
    raise ModelUnloadedError


def named(name: str, instances: Sequence[Instance]) -> list[Instance]:
    """Return the instances that a name fits best: identifiers first, then models."""
    for instance in instances:
        if instance.identifier == name:
            return [instance]
    wanted = spelled(name)
    found = [instance for instance in instances if spelled(instance.identifier) == wanted]
    if found:
        return found
    found = closest(name, instances, lambda instance: instance.model)
    if found:
        return found
    stem, number = without_number(name)
    numbered = [
        instance for instance in instances if number and instance.identifier.endswith(number)
    ]
    return closest(stem, numbered, lambda instance: instance.model)


def _fitting(instances: Iterable[Instance], query: Query) -> list[Instance]:
    fitting = [instance for instance in instances if query.vision in (None, instance.model.vision)]
    if query.path is not None:
        fitting = closest(query.path, fitting, lambda instance: instance.model)
    return fitting if query.identifier is None else named(query.identifier, fitting)
