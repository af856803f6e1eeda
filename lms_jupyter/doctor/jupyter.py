"""Checks of how Jupyter is configured: our two extensions, and the widgets' own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lms_jupyter.doctor.finding import CheckContext, Finding, bad, good, look
from lms_jupyter.doctor.software import version_of

LAB_EXTENSION = "lms-jupyter"
NEEDED_PLUGINS = {LAB_EXTENSION, f"{LAB_EXTENSION}:hub", f"{LAB_EXTENSION}:sidebar"}
"""Without one of these there is no sidebar; any other may be disabled because it is not liked."""
SERVER_EXTENSION = "lms_jupyter.server"
AGAIN = "pip install --force-reinstall --no-deps lms-jupyter"


def extensions(_visit: CheckContext) -> Iterator[Finding]:
    """Say whether the sidebar is there and its part in Jupyter Server switched on."""
    if version_of("jupyterlab") is None and version_of("notebook") is None:
        yield look(
            "Sidebar",
            "There is no JupyterLab in this environment, so no sidebar.",
            "Install lms-jupyter where JupyterLab is installed; kernels find their hosts alone.",
        )
        return
    from jupyter_core.paths import (  # noqa: PLC0415 - there with JupyterLab, not without
        jupyter_config_path,
        jupyter_path,
    )

    configs = [Path(folder) for folder in jupyter_config_path()]
    places = [Path(folder) / LAB_EXTENSION for folder in jupyter_path("labextensions")]
    yield _front(places, configs)
    yield _back(configs)
    yield _widgets(version_of("anywidget"), version_of("jupyterlab_widgets"))


def _widgets(anywidget: str | None, of_lab: str | None) -> Finding:
    if anywidget is None or of_lab is None:
        return bad(
            "Widgets",
            "JupyterLab lacks what draws the panel in a cell.",
            "pip install anywidget jupyterlab_widgets, then reload the page",
        )
    return good("Widgets", "JupyterLab has what draws the panel in a cell.")


def _front(places: list[Path], configs: list[Path]) -> Finding:
    if not any((place / "package.json").is_file() for place in places):
        return bad("Sidebar", "JupyterLab does not find our extension.", AGAIN)
    pages = (_read(folder / "labconfig" / "page_config.json") for folder in configs)
    for page in pages:
        disabled = page.get("disabledExtensions", {})
        names = (
            [n for n, off in disabled.items() if off] if isinstance(disabled, dict) else disabled
        )
        if missing := sorted(NEEDED_PLUGINS.intersection(names)):
            return bad(
                "Sidebar",
                "Our extension of JupyterLab is disabled.",
                f"jupyter labextension enable {missing[0]}",
            )
    return good("Sidebar", "JupyterLab finds our extension.")


def _back(configs: list[Path]) -> Finding:
    # The first folders count most, and in each the main file more than the drop-in ones.
    for folder in configs:
        drop_ins = sorted((folder / "jupyter_server_config.d").glob("*.json"), reverse=True)
        for file in (folder / "jupyter_server_config.json", *drop_ins):
            known = _read(file).get("ServerApp", {}).get("jpserver_extensions", {})
            if known.get(SERVER_EXTENSION) is False:
                return bad(
                    "Extension",
                    f"Our extension of Jupyter Server is disabled in {file}.",
                    f"jupyter server extension enable {SERVER_EXTENSION}",
                )
            if known.get(SERVER_EXTENSION):
                return good("Extension", "Our extension of Jupyter Server is enabled.")
    return bad("Extension", "Jupyter Server does not know our extension.", AGAIN)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
