"""Who must go when a model comes by just-in-time loading. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from lms_jupyter.engine.instances.lifecycle import State


class Candidate(Protocol):
    """What the policy looks at."""

    @property
    def jit(self) -> bool:
        """Whether the instance was itself loaded just in time."""

    @property
    def state(self) -> State:
        """The instance's present state."""


C = TypeVar("C", bound=Candidate)


def victims(instances: Iterable[C]) -> tuple[C, ...]:
    """Return those to unload before a just-in-time load.

    Only instances that were loaded just in time themselves, whatever their type; never one that is
    pinned or kept, and never one that is working, loading or already on its way out.
    """
    return tuple(instance for instance in instances if _may_go(instance))


def _may_go(instance: Candidate) -> bool:
    state = instance.state
    return instance.jit and state.is_idle and not state.pinned and state.keep is None
