"""Checks of what is installed in this environment: versions, and what they can do together."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from lms_jupyter.doctor.finding import CheckContext, Finding, bad, good, look

PACKAGES = ("lmstudio", "anywidget", "ipython", "ipykernel", "jupyterlab", "notebook", "xllamacpp")
"""Besides our own; those that are not installed are left out."""

LIVE_KERNEL = (7, 1)
LIVE_LAB = (4, 4)
"""From these versions on a click is answered while a cell runs."""
MUTE_KERNEL = (7, 0)
"""Cannot send from background threads."""
OLDEST_SDK = (1, 5)


def versions(_visit: CheckContext) -> Iterator[Finding]:
    """Say which versions work together here."""
    found = {name: version_of(name) for name in PACKAGES}
    own = version_of("lms-jupyter") or "that is not installed"
    python = ".".join(map(str, sys.version_info[:3]))
    listed = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    yield good("Versions", f"lms-jupyter {own}, Python {python}, {listed}.")
    sdk = numbers(found["lmstudio"])
    if sdk and sdk < OLDEST_SDK:
        yield bad(
            "SDK",
            f"lmstudio {found['lmstudio']} is older than we can use.",
            "pip install -U lmstudio",
        )


def clicks(_visit: CheckContext) -> Iterator[Finding]:
    """Say whether the panel in a cell answers while another cell runs."""
    yield about_clicks(*map(version_of, ("ipykernel", "jupyterlab", "notebook")))


def about_clicks(kernel: str | None, lab: str | None, notebook: str | None) -> Finding:
    """Judge versions, `None` for what is not installed."""
    if kernel is None:
        return look(
            "Clicks",
            "There is no ipykernel in this environment, so no notebook can run here.",
            "pip install ipykernel jupyterlab",
        )
    if numbers(kernel)[:2] == MUTE_KERNEL:
        return bad(
            "Clicks",
            f"ipykernel {kernel} cannot send from background threads: the panel would stand still.",
            "pip install -U ipykernel",
        )
    if numbers(kernel) < LIVE_KERNEL:
        return look(
            "Clicks",
            f"With ipykernel {kernel} a click during a cell is the Jupyter Server's to carry out, "
            "or waits.",
            "pip install -U 'ipykernel>=7.1'; the sidebar answers in any case.",
        )
    if lab is None and notebook is None:
        return look(
            "Clicks",
            f"ipykernel {kernel} answers during a cell; JupyterLab is not in this environment.",
            "If yours runs from another one, install lms-jupyter there too: it brings the sidebar.",
        )
    if lab is not None and numbers(lab) < LIVE_LAB:
        return look(
            "Clicks",
            f"With JupyterLab {lab} a click during a cell is the Jupyter Server's to carry out, "
            "or waits.",
            "pip install -U 'jupyterlab>=4.4'; the sidebar answers in any case.",
        )
    front = f"JupyterLab {lab}" if lab is not None else f"Notebook {notebook}"
    return good("Clicks", f"They work while a cell runs (ipykernel {kernel}, {front}).")


def version_of(package: str) -> str | None:
    """Return the version of a package, `None` where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def numbers(text: str | None) -> tuple[int, ...]:
    """Return the leading numbers of a version.

    >>> numbers("7.1.0rc1")
    (7, 1, 0)
    """
    match = re.match(r"\d+(?:\.\d+)*", text or "")
    return tuple(map(int, match[0].split("."))) if match else ()
