"""What the nodes of a Ray cluster are called as devices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lms_jupyter.engine.fleet.node import Node

LABEL: Final = "lms.device"
"""The label of a node that names its device; without one it is called by its node's id."""
NODE_ID: Final = "ray.io/node-id"
SHORT: Final = 12


def named(alive: Iterable[Mapping[str, Any]], known: Iterable[Node] = ()) -> list[Node]:
    """Return nodes with the devices that they are. Pure.

    Of two with one label, that one has it which has had it before, else the first.

    Args:
        alive: The nodes as Ray describes them.
        known: What was returned before.
    """
    held = {(node.labels[NODE_ID], node.device) for node in known}

    def order(ray_node: Mapping[str, Any]) -> tuple[bool, str]:
        node_id = str(ray_node["NodeID"])
        return (node_id, ray_node.get("Labels", {}).get(LABEL)) not in held, node_id

    nodes: dict[str, Node] = {}
    for ray_node in sorted(alive, key=order):
        node_id = str(ray_node["NodeID"])
        labels = {**ray_node.get("Labels", {}), NODE_ID: node_id}
        label = labels.get(LABEL, "")
        problem = f"Another node has the label {LABEL}={label}." if label in nodes else ""
        device = label if label and not problem else node_id[:SHORT]
        nodes[device] = Node(
            device=device,
            name=device,
            address="" if problem else str(ray_node["NodeManagerAddress"]),
            labels=labels,
            problem=problem,
        )
    return list(nodes.values())
