"""What a registry works with besides its workers, and what stands for it where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lms_jupyter.engine.instances.instance import Instance, Plan


class Gpus(Protocol):
    """What a load has to know of the GPUs."""

    def placed(self, plan: Plan) -> Plan:
        """Return the plan with the place of its layers."""

    def leaving(self, instance: Instance) -> None:
        """Note that an instance is about to be ended."""

    async def returned(self) -> None:
        """Wait until what ended instances have held is free again; not for ever."""


class Prompts(Protocol):
    """What keeps the prompts that instances have read, for those that come after them."""

    @property
    def folder(self) -> str:
        """Where llama.cpp is to write them."""

    async def keep(self, instance: Instance, why: str) -> None:
        """Save what an instance has read that is about to end, if that is any use after this."""

    async def restore(self, instance: Instance) -> None:
        """Give a new instance what one before it has read."""

    async def forget(self, instance: Instance | None) -> None:
        """Remove what is kept of an instance's model; without one, all that is kept."""


class NoPrompts:
    """Nothing is kept."""

    folder = ""

    async def keep(self, _instance: Instance, _why: str) -> None:
        """Save nothing."""

    async def restore(self, _instance: Instance) -> None:
        """Restore nothing."""

    async def forget(self, _instance: Instance | None) -> None:
        """Have nothing to remove."""


class NoGpus:
    """Nothing to place anything on."""

    def placed(self, plan: Plan) -> Plan:
        """Leave it as it is."""
        return plan

    def leaving(self, _instance: Instance) -> None:
        """Note nothing."""

    async def returned(self) -> None:
        """Wait for nothing."""
