"""Is there a Node here that can build the front end? The package build and the tests ask this."""

import re
import shutil
import subprocess

OLDEST = (20, 19)
"""Of what the bundler runs on; long-lived distributions have older ones."""


def has_node(path: str | None = None) -> bool:
    """Say whether Node and npm are on the path, and Node is new enough."""
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return False
    try:
        told = subprocess.run([node, "--version"], capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    numbers = tuple(map(int, re.findall(r"\d+", told.stdout)))
    return numbers[:2] >= OLDEST
