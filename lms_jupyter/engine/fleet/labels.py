"""What the nodes of a Ray cluster are called as devices. Pure."""

from __future__ import annotations

from typing import Any, Final

from lms_jupyter.engine.fleet.node import Node

LABEL: Final = "lms.device"
"""The label of a node that names its device; without one it is called by its node's id."""
NODE_ID: Final = "ray.io/node-id"
SHORT: Final = 12


def named(alive: Any) -> list[Node]:
    """Return nodes with the devices that they are; of two with one label the first has it. Pure."""
    nodes: dict[str, Node] = {}
    for one in sorted(alive, key=lambda one: str(one["NodeID"])):
        node_id = str(one["NodeID"])
        labels = {**one.get("Labels", {}), NODE_ID: node_id}
        label = labels.get(LABEL, "")
        problem = f"Another node has the label {LABEL}={label}." if label in nodes else ""
        device = label if label and not problem else node_id[:SHORT]
        nodes[device] = Node(
            device=device,
            name=device,
            address="" if problem else str(one["NodeManagerAddress"]),
            labels=labels,
            problem=problem,
        )
    return list(nodes.values())
