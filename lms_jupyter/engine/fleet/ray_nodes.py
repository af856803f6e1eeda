"""The machines of a Ray cluster, with one engine on each: Ray finds them, places and watches.

Only control goes through Ray: where an engine listens, and its token. What models say comes from
the engines themselves.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.fleet.errors import other_version, ray_sentence
from lms_jupyter.engine.fleet.labels import NODE_ID, named
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.fleet.owner import EngineOwner
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.version import VERSION

NAMESPACE: Final = "lms_jupyter"
LOOK_S: Final = 2.0
START_S: Final = 60.0
"""How long an engine may take to start on a node."""

logger = logging.getLogger(__name__)


class RayNodes:
    """The alive nodes of a cluster but our own, whose device is the gateway itself."""

    def __init__(self, is_connected: Callable[[str], bool]) -> None:
        self._is_connected = is_connected
        self._own = ray.get_runtime_context().get_node_id()
        self._owners: dict[str, Any] = {}
        self._known: dict[str, Node] = {}
        self._asking: dict[str, asyncio.Task[Node]] = {}

    @classmethod
    async def join(cls, address: str, is_connected: Callable[[str], bool]) -> RayNodes:
        """Join a cluster that runs.

        Args:
            address: Of its head; empty for the one on this machine or in `RAY_ADDRESS`.
            is_connected: Whether a device is in touch; only others are asked where they are.

        Raises:
            BadRequestError: It is open to everybody, or cannot be joined.
        """
        if os.environ.get("RAY_AUTH_MODE") != "token":
            raise BadRequestError(
                "A fleet on Ray has to want a token, and RAY_AUTH_MODE is not 'token'.",
                hint="Start Ray and the gateway with RAY_AUTH_MODE=token and the same token: "
                "`ray get-auth-token --generate` makes one.",
            )
        try:
            await asyncio.to_thread(
                ray.init,
                address=address or "auto",
                namespace=NAMESPACE,
                log_to_driver=False,
                configure_logging=False,
            )
        except Exception as error:
            where = f"at {address}" if address else "on this machine"
            raise BadRequestError(
                f"No Ray cluster {where} lets us in: {ray_sentence(error)}",
                hint="Start one with `ray start --head`; all have to have the same token, the same "
                "Python and the same Ray.",
            ) from error
        return cls(is_connected)

    async def watch(self) -> AsyncIterator[Sequence[Node]]:
        """Yield the nodes, and again whenever one has come, gone or begun anew."""
        yielded: list[Node] | None = None
        while True:
            found = await self._look()
            if found != yielded:
                yield found
                yielded = found
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        """Leave the cluster; the engines run on, for whoever comes next."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.to_thread(ray.shutdown)

    async def _look(self) -> list[Node]:
        """Look at all nodes; one whose engine takes long to start holds up no other."""
        alive = [
            ray_node
            for ray_node in await asyncio.to_thread(ray.nodes)
            if ray_node["Alive"] and ray_node["NodeID"] != self._own
        ]
        nodes = {node.device: node for node in named(alive, self._known.values())}
        for device, node in nodes.items():
            if device not in self._asking and not self._is_settled(node):
                self._asking[device] = asyncio.create_task(self._node(node))
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=LOOK_S)
        for device, node in nodes.items():
            task = self._asking.get(device)
            if task is not None and task.done():
                self._known[device] = self._asking.pop(device).result()
            elif device not in self._known:
                self._known[device] = _refused(node, "Its engine is being started.")
        for device in self._known.keys() - nodes.keys():
            self._known[device] = _refused(self._known[device], "Its node is gone.")
        return list(self._known.values())

    def _is_settled(self, node: Node) -> bool:
        known = self._known.get(node.device)
        is_known = known is not None and known.labels == node.labels
        return is_known and self._is_connected(node.device)

    async def _node(self, node: Node) -> Node:
        """Add where the engine of a node listens; it is started there if need be."""
        if node.problem:
            return node
        try:
            async with asyncio.timeout(START_S):
                reply = await self._ask(node)
        except TimeoutError:
            return _refused(node, f"No engine started there within {START_S:.0f} seconds.")
        except Exception as error:  # noqa: BLE001 - whatever Ray has met there
            self._owners.pop(node.labels[NODE_ID], None)
            return _refused(node, ray_sentence(error))
        if reply["version"] != VERSION:
            return _refused(node, other_version(reply["version"]))
        if "problem" in reply:
            return _refused(node, reply["problem"])
        return replace(node, address=reply["address"], token=Token(reply["token"]))

    async def _ask(self, node: Node) -> Mapping[str, str]:
        node_id, host = node.labels[NODE_ID], node.address
        if node_id not in self._owners:
            options = {
                "name": f"engine-{node_id}",
                "namespace": NAMESPACE,
                "lifetime": "detached",
                "get_if_exists": True,
                "num_cpus": 0,
                "max_restarts": -1,
                "max_task_retries": -1,
                "scheduling_strategy": NodeAffinitySchedulingStrategy(node_id, soft=False),
            }
            owner = ray.remote(EngineOwner).options(**options)
            self._owners[node_id] = await asyncio.to_thread(owner.remote, host)
        found: Mapping[str, str] = await self._owners[node_id].where.remote()
        return found


def _refused(node: Node, problem: str) -> Node:
    return replace(node, address="", token=None, problem=problem)
