"""Checks of what is installed in this environment: versions, and what they can do together."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from lms_jupyter.doctor.finding import Finding, Visit, bad, good, look

PACKAGES = ("lmstudio", "anywidget", "ipython", "ipykernel", "jupyterlab", "notebook", "xllamacpp")
"""Besides our own; those that are not installed are left out."""

LIVE_KERNEL = (7, 1)
LIVE_LAB = (4, 4)
"""From these versions on a click is answered while a cell runs."""
MUTE_KERNEL = (7, 0)
"""Cannot send from background threads."""
OLDEST_SDK = (1, 5)


def versions(_visit: Visit) -> Iterator[Finding]:
    """Say which versions work together here."""
    found = {name: version_of(name) for name in PACKAGES}
    own = version_of("lms-jupyter") or "that is not installed"
    python = ".".join(map(str, sys.version_info[:3]))
    said = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    yield good("Versions", f"lms-jupyter {own}, Python {python}, {said}.")
    sdk = numbers(found["lmstudio"])
    if sdk and sdk < OLDEST_SDK:
        yield bad(
            "SDK",
            f"lmstudio {found['lmstudio']} is older than we can use.",
            "pip install -U lmstudio",
        )


def clicks(_visit: Visit) -> Iterator[Finding]:
    """Say whether the panel in a cell answers while another cell runs."""
    kernel, lab = version_of("ipykernel"), version_of("jupyterlab")
    notebook = version_of("notebook")
    if kernel is None:
        yield look(
            "Clicks",
            "There is no ipykernel in this environment, so no notebook can run here.",
            "pip install ipykernel jupyterlab",
        )
    elif numbers(kernel)[:2] == MUTE_KERNEL:
        yield bad(
            "Clicks",
            f"ipykernel {kernel} cannot send from background threads: the panel would stand still.",
            "pip install -U ipykernel",
        )
    elif numbers(kernel) < LIVE_KERNEL:
        yield look(
            "Clicks",
            f"With ipykernel {kernel} a click in a cell's panel waits until the cell has ended.",
            "pip install -U 'ipykernel>=7.1'; the sidebar answers in any case.",
        )
    elif lab is None and notebook is None:
        yield look(
            "Clicks",
            f"ipykernel {kernel} answers during a cell; JupyterLab is not in this environment.",
            "If yours runs from another one, install lms-jupyter there too: it brings the sidebar.",
        )
    elif lab is not None and numbers(lab) < LIVE_LAB:
        yield look(
            "Clicks",
            f"With JupyterLab {lab} a click in a cell's panel waits until the cell has ended.",
            "pip install -U 'jupyterlab>=4.4'; the sidebar answers in any case.",
        )
    else:
        yield good("Clicks", f"They work while a cell runs (ipykernel {kernel}, JupyterLab {lab}).")


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
