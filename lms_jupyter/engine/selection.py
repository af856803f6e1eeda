"""Which loaded instance a client means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lms_jupyter.engine.errors import (
    DomainMismatchError,
    ModelUnloadedError,
    NoModelMatchingQueryError,
)
from lms_jupyter.engine.instance import Instance
from lms_jupyter.engine.load_settings import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is known of the instance; `None` means that it does not matter."""

    identifier: str | None = None
    path: str | None = None
    vision: bool | None = None

    def said(self) -> dict[str, object]:
        """Return what the client said, for an error message."""
        parts = {"identifier": self.identifier, "path": self.path, "vision": self.vision}
        return {name: value for name, value in parts.items() if value is not None}


def select(instances: Sequence[Instance], query: Query, domain: Domain | None) -> Instance:
    """Return the instance that fits best; `domain` limits the types.

    An identifier that nobody has is also tried as a model key or a path. Raises
    `DomainMismatchError` if only an instance of the other type fits, `NoModelMatchingQueryError` if
    none does.
    """
    right = [one for one in instances if domain in (None, one.domain)]
    found = _best(right, query)
    if found is not None:
        return found
    other = _best(instances, query) if query.identifier or query.path else None
    if other is not None and domain is not None:
        raise DomainMismatchError(other.identifier, other.domain, domain)
    raise NoModelMatchingQueryError(query.said(), [one.identifier for one in right])


def by_reference(instances: Iterable[Instance], reference: str, domain: Domain | None) -> Instance:
    """Return the instance with this reference, or raise `ModelUnloadedError`."""
    for instance in instances:
        if instance.reference == reference:
            if domain not in (None, instance.domain):
                raise DomainMismatchError(instance.identifier, instance.domain, str(domain))
            return instance
    raise ModelUnloadedError


def _best(instances: Iterable[Instance], query: Query) -> Instance | None:
    fitting = [one for one in instances if query.vision in (None, one.model.vision)]
    if query.path is not None:
        fitting = [one for one in fitting if names_model(query.path, one)]
    if query.identifier is None:
        return next(iter(fitting), None)
    for instance in fitting:
        if instance.identifier == query.identifier:
            return instance
    return next((one for one in fitting if names_model(query.identifier, one)), None)


def names_model(name: str, instance: Instance) -> bool:
    """Whether `name` is the instance's model key, variant, path, or the beginning of its path."""
    wanted = name.casefold().strip("/")
    model = instance.model
    path = model.path.casefold()
    names = {model.model_key.casefold(), (model.selected_variant or "").casefold(), path}
    return bool(wanted) and (wanted in names or path.startswith(f"{wanted}/"))
