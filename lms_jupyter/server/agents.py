"""Lets agents look at and manage the models in memory, as far as the user allows it.

`jupyter-server-mcp` finds the functions in `agent_tools` by their entry point, and calls them on
this server's loop. What an agent loads it holds by a lease of its own: it may end that, and nothing
else.
"""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from msgspec.structs import replace

from lms_jupyter.api import memory
from lms_jupyter.api.estimating import estimated
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.pools import gpu_bytes
from lms_jupyter.api.sizes import format_size
from lms_jupyter.errors import CommandError
from lms_jupyter.manager import Manager, loading, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.identity import Identity, on_behalf_of
from lms_jupyter.manager.link import connect
from lms_jupyter.protocol.commands import UnloadInstance
from lms_jupyter.protocol.loads import LOCAL, LoadRequest
from lms_jupyter.protocol.models import Estimate, Instance, LoadConfig, Model
from lms_jupyter.server.manager_pool import ManagerPool

Permission = Literal["off", "look", "manage"]
SETTING: Final = "c.LmsExtension.agents"
LONGEST_TTL_S: Final = 3600.0
"""What an agent loads never stays longer when it is idle."""
GIGABYTE: Final = 1_000_000_000


def agents_here() -> Identity:
    """Return who the agents of this server are, for those who look at leases."""
    pid = os.getpid()
    return Identity(kernel_id=f"agents of process {pid}", pid=pid, machine=socket.gethostname())


class AgentDesk:
    """What agents may do on the host of a Jupyter Server."""

    def __init__(self, pool: ManagerPool, permission: Permission, most_bytes: int) -> None:
        self._pool = pool
        self._permission = permission
        self._most_bytes = most_bytes
        self._identity = agents_here()
        # Two loads that are looked at beside each other could both seem to fit.
        self._loading = asyncio.Lock()

    async def models(self) -> tuple[Model, ...]:
        """Return what is on the disk."""
        return await lookup.models(await self._manager("look"))

    async def instances(self) -> tuple[tuple[Instance, bool], ...]:
        """Return what is in memory, and whether agents have loaded it."""
        manager = await self._manager("look")
        found = await lookup.instances(manager)
        own = self._own_references(manager.activity.host.address)
        return tuple((instance, instance.instance_reference in own) for instance in found)

    async def estimate(self, model_key: str, context_length: int | None) -> Estimate:
        """Return what a load would take."""
        manager = await self._manager("look")
        return (await estimated(_asked(model_key, context_length), manager)).estimate

    async def load(self, model_key: str, context_length: int | None, ttl_s: float) -> Instance:
        """Use the instance that fits, else load one, within what agents may take.

        Raises:
            CommandError: Agents may not, or it is more than they may take.
        """
        manager = await self._manager("manage")
        if not 0 < ttl_s <= LONGEST_TTL_S:
            raise CommandError(
                f"An agent's model stays from 1 to {LONGEST_TTL_S / 60:g} idle minutes, "
                f"not {ttl_s / 60:g}."
            )
        asked = _asked(model_key, context_length)
        async with self._loading:
            reckoned = await estimated(asked, manager)
            resolution, estimate = reckoned.resolution, reckoned.estimate
            there = await self._fitting(resolution.name, context_length, manager)
            if there is None:
                await self._check_room(resolution.name, estimate, manager)
                # Always another one: `ensure` would reload what a person has with other settings.
                request = replace(asked.request, mode="new", ttl_s=ttl_s)
            else:
                request = LoadRequest(model_key=there.identifier, mode="use", device=LOCAL)
            found = await lookup.look_up(request.model_key, manager, on=LOCAL)
            with self._on_their_behalf():
                return (await loading.carry_out(request, manager, found)).instance

    async def unload(self, identifier: str) -> Instance:
        """End an instance that agents have loaded.

        Raises:
            CommandError: Somebody else has loaded it.
        """
        manager = await self._manager("manage")
        instance = await lookup.named(identifier, manager, None)
        if instance.instance_reference not in self._own_references(manager.activity.host.address):
            raise CommandError(
                f"{instance.identifier} was not loaded by an agent: only a person may end it.",
                hint="Ask the user, or unload what list_models_in_memory says is yours.",
            )
        with self._on_their_behalf():
            await run(memory.exactly(UnloadInstance, instance), manager)
        return instance

    async def free(self) -> tuple[Instance, ...]:
        """End what agents have loaded and nobody uses now."""
        manager = await self._manager("manage")
        own = self._own_references(manager.activity.host.address)
        idle = [
            instance
            for instance in await lookup.instances(manager)
            if instance.instance_reference in own
            and instance.status == "idle"
            and not instance.pinned
        ]
        return tuple([await self.unload(instance.identifier) for instance in idle])

    async def _manager(self, wanted: Permission) -> Manager:
        """Return the manager of the first host, if agents may do what they want there."""
        if self._permission == "off" or (wanted, self._permission) == ("manage", "look"):
            verb = "see" if wanted == "look" else "manage"
            raise CommandError(
                f"The user does not let agents {verb} the models in memory.",
                hint=f'{SETTING} = "{wanted}" in the configuration of Jupyter Server allows it.',
            )
        return await self.connected_manager()

    async def connected_manager(self) -> Manager:
        """Return the manager of the first host, for what a person asks for."""
        manager = self._pool.lines[0].manager
        await connect(manager)
        return manager

    def _own_references(self, address: str) -> set[str]:
        leases = self._pool.leases.of(address)
        return {
            lease.instance_reference
            for lease in leases
            if lease.loaded and lease.holder == self._identity
        }

    async def _fitting(
        self, name: str, context_length: int | None, manager: Manager
    ) -> Instance | None:
        """Return what is in memory and would do, whoever has loaded it."""
        for instance in await lookup.instances(manager):
            fits = context_length is None or instance.context_length == context_length
            if instance.model_key == name and instance.device is None and fits:
                return instance
        return None

    async def _check_room(self, name: str, estimate: Estimate, manager: Manager) -> None:
        own = self._own_references(manager.activity.host.address)
        taken = sum(
            (instance.memory_bytes or instance.size_bytes) + gpu_bytes(instance)
            for instance in await lookup.instances(manager)
            if instance.instance_reference in own
        )
        if taken + estimate.total_bytes > self._most_bytes:
            raise CommandError(
                f"{name} takes {format_size(estimate.total_bytes)}; agents have "
                f"{format_size(taken)} and may take {format_size(self._most_bytes)} in all.",
                hint="Unload what is yours, or load a smaller one, or ask with a shorter context.",
            )
        if not estimate.passes_guardrails:
            raise CommandError(
                f"{name} is more than the host allows to load now.",
                hint="A person can free memory, or change the host's guardrail.",
            )

    @contextmanager
    def _on_their_behalf(self) -> Iterator[None]:
        token = on_behalf_of.set(self._identity)
        try:
            yield
        finally:
            on_behalf_of.reset(token)


def _asked(model_key: str, context_length: int | None) -> NotebookRequest:
    config = LoadConfig(context_length=context_length)
    return NotebookRequest(
        request=LoadRequest(model_key=model_key, config=config, device=LOCAL), local=True
    )


class _Desks:
    """The desk of this process's Jupyter Server, while there is one."""

    here: AgentDesk | None = None


def open_desk(desk: AgentDesk | None) -> None:
    """Have the tools work at this desk from now on; `None`: at none."""
    _Desks.here = desk


def desk_here() -> AgentDesk:
    """Return the desk of this process.

    Raises:
        CommandError: Our extension does not run in this Jupyter Server.
    """
    if _Desks.here is None:
        raise CommandError(
            "lms_jupyter does not run in this Jupyter Server, so agents see no models.",
            hint="Enable it: jupyter server extension enable lms_jupyter.server",
        )
    return _Desks.here
