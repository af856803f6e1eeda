"""Which build of llama.cpp is the one for this machine. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lms_jupyter.engine.runtimes.runtime import Runtime


def choose(runtimes: Sequence[Runtime], selected: str = "") -> tuple[Runtime, str]:
    """Return a runtime and why it is this one.

    Args:
        runtimes: All there are, the installed xllamacpp among them.
        selected: The name of the one that somebody has selected before.
    """
    usable = [one for one in runtimes if not one.problem]
    for one in usable:
        if one.name == selected:
            return one, "it was selected"
    own = next((one for one in runtimes if one.program is None), runtimes[0])
    if own.devices and not own.problem:
        return own, f"it computes on {own.devices[0].description}"
    for one in usable:
        if one.devices:
            return one, f"it computes on {one.devices[0].description}"
    return own, "no other computes on a GPU"
