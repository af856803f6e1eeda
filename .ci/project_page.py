"""Build hook: what the package index shows of us.

The README's links and pictures lead into the repository, and a package index has no repository
beside it. Where the build knows the repository's address (`LMS_JUPYTER_REPOSITORY`, or GitHub's
own variables in a workflow), they are made absolute and the project's URLs are named. Where it does
not, pictures are left out and links become their text: nothing on the page is broken.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)([^)]+)\)")
SOURCE = re.compile(r'(srcset|src)="(?!https?://)([^"]+)"')
PICTURE = re.compile(r"<picture>.*?</picture>\n+", re.DOTALL)
PLACES = {"Source": "", "Changelog": "/blob/{ref}/CHANGELOG.md", "Issues": "/issues"}


class ProjectPageHook(MetadataHookInterface):
    """Fills in `readme` and `urls`, which `pyproject.toml` declares as dynamic."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Complete the project's metadata."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        address, ref = repository(os.environ), f"v{metadata['version']}"
        metadata["readme"] = {"content-type": "text/markdown", "text": page(text, address, ref)}
        if address:
            metadata["urls"] = {name: address + at.format(ref=ref) for name, at in PLACES.items()}


def repository(environ: Mapping[str, str]) -> str:
    """Return the repository's address, empty if nobody names one."""
    if named := environ.get("LMS_JUPYTER_REPOSITORY"):
        return named.rstrip("/")
    if of_github := environ.get("GITHUB_REPOSITORY"):
        return f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{of_github}"
    return ""


def page(readme: str, address: str, ref: str) -> str:
    """Return the README as it can stand alone."""
    if not address:
        return LINK.sub(r"\1", PICTURE.sub("", readme))
    absolute = LINK.sub(rf"[\1]({address}/blob/{ref}/\2)", readme)
    return SOURCE.sub(rf'\1="{address}/raw/{ref}/\2"', absolute)
