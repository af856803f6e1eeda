"""What each user has of the engine, held against what they may have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from lms_jupyter.engine.instances.instance import Instance, Plan
from lms_jupyter.engine.limits import LimitReachedError, User

SAMPLE: Final = 5
"""How many instances an error names."""

Needs = Callable[[Plan], int]
"""Returns how many bytes a load takes."""


class Shares:
    """Says who may load more, and who has to wait for having asked for much."""

    def __init__(
        self,
        needs: Needs = lambda _plan: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._needs = needs
        self._clock = clock
        self._good_at: dict[str, float] = {}
        """When the tokens are paid that a user has had."""

    def admit(self, user: User, plan: Plan, others: Iterable[Instance]) -> None:
        """Raise `LimitReachedError` if a user may not load this beside what they have loaded."""
        theirs = [other for other in others if other.plan.user == user.name]
        check_instances(user, [other.identifier for other in theirs])
        if user.limits.memory_bytes is not None:
            held = sum(self._needs(other.plan) for other in theirs)
            check_memory(user, plan.model.model_key, self._needs(plan), held)

    async def good(self, user: User) -> None:
        """Wait until a user has had no more tokens per second than they may have."""
        while user.name in self._good_at:
            wait_s = self._good_at[user.name] - self._clock()
            if wait_s <= 0:
                self._good_at.pop(user.name, None)
                return
            await asyncio.sleep(wait_s)

    def spend(self, user: User, tokens: int) -> None:
        """Note what a user was told."""
        rate = user.limits.tokens_per_second
        if rate is not None and tokens > 0:
            begun = max(self._clock(), self._good_at.get(user.name, 0.0))
            self._good_at[user.name] = begun + tokens / rate


def check_instances(user: User, held: list[str]) -> None:
    """Raise `LimitReachedError` if a user has as many instances as they may have."""
    most = user.limits.instances
    if most is None or len(held) < most:
        return
    names = ", ".join(held[:SAMPLE]) + (", …" if len(held) > SAMPLE else "")
    has = f"has {len(held)} ({names})" if held else "has none"
    raise LimitReachedError(
        f"{user.name} may have {most} instance{'' if most == 1 else 's'} in memory and {has}.",
        hint="Unload one, or use a model that is in memory."
        if held
        else "Use a model that is in memory.",
    )


def check_memory(user: User, model_key: str, needed: int, held: int) -> None:
    """Raise `LimitReachedError` if a load would take more memory than a user may have."""
    most = user.limits.memory_bytes
    if most is not None and needed + held > most:
        raise LimitReachedError(
            f"{user.name} may have {most / 1e9:.2f} GB in memory; {model_key!r} would take "
            f"{needed / 1e9:.2f} GB beside {held / 1e9:.2f} GB.",
            hint="Unload something, or take a smaller model or a shorter context.",
        )
