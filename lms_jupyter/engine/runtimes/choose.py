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
    usable = [runtime for runtime in runtimes if not runtime.problem]
    for build in usable:
        if build.name == selected:
            return build, "it was selected"
    own = next((runtime for runtime in runtimes if runtime.program is None), runtimes[0])
    if own.devices and not own.problem:
        return own, f"it computes on {own.devices[0].description}"
    for entry in usable:
        if entry.devices:
            return entry, f"it computes on {entry.devices[0].description}"
    return own, "no other computes on a GPU"
