"""A Ray cluster on this machine, told by lines what to do: `add NAME [LABEL [PATH]]`, `kill NAME`.

Each node has a home folder of its own, `$HOME/NAME`; PATH is where it finds Python packages first.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster
from ray.util import get_node_ip_address

QUICK = {"health_check_period_ms": 500, "health_check_timeout_ms": 3000}
"""So that a test need not wait for a dead node as long as a user."""

ATTEMPTS = 3


def added(cluster: Cluster, **node: Any) -> Any:
    """Add a node; again, where Ray's own helpers took longer to start than it waits for them."""
    for _ in range(ATTEMPTS - 1):
        with suppress(Exception):
            return cluster.add_node(**node)
    return cluster.add_node(**node)


def main() -> None:
    """Run until the end of the input."""
    # Who joins a cluster at a loopback address goes to the machine's own: Ray says so to everybody.
    address = {"node_ip_address": get_node_ip_address()}
    head = {**address, "num_cpus": 1, "include_dashboard": False, "_system_config": QUICK}
    cluster = Cluster()
    added(cluster, **head)
    print("ready", cluster.address, flush=True)
    nodes = {}
    try:
        for line in sys.stdin:
            what, name, *more = line.split()
            if what == "add":
                label, path = (*more, *(name, "")[len(more) :])
                nodes[name] = added(
                    cluster,
                    labels={"lms.device": label},
                    env_vars=environment(name, path),
                    **address,
                )
            else:
                cluster.remove_node(nodes.pop(name), allow_graceful=False)
            print("done", line, end="", flush=True)
    finally:
        cluster.shutdown()


def environment(name: str, path: str) -> dict[str, str]:
    """Return what a node's programs find in their environment."""
    home = Path(os.environ["HOME"]) / name
    home.mkdir(exist_ok=True)
    paths = [path] if path else []
    return {"HOME": str(home), "PYTHONPATH": os.pathsep.join([*paths, os.environ["PYTHONPATH"]])}


if __name__ == "__main__":
    main()
