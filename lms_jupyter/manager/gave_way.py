"""What the host has unloaded for another program becomes a sentence, once."""

from collections.abc import Callable, Iterable
from pathlib import Path

from lms_jupyter.hosts.base import GaveWay
from lms_jupyter.manager.identity import Identity
from lms_jupyter.protocol.models import Problem

CODE = "gave_way"
GB = 1e9


def new_problems(
    gone: Iterable[GaveWay],
    noticed: set[str],
    kernel_of: Callable[[int | None], Identity | None],
) -> tuple[Problem, ...]:
    """Return a sentence for each that nobody has been told of yet.

    Args:
        gone: What gave way, as the host says it.
        noticed: References of those that have had their sentence; the new ones are added.
        kernel_of: Says which kernel is behind a process, if one is.
    """
    new = [departed for departed in gone if departed.instance_reference not in noticed]
    noticed.update(departed.instance_reference for departed in new)
    return tuple(_problem(departed, kernel_of(departed.pid)) for departed in new)


def _problem(departed: GaveWay, kernel: Identity | None) -> Problem:
    to = Path(kernel.notebook).name if kernel and kernel.notebook else departed.to
    size = _size(departed.memory_bytes)
    return Problem(
        code=CODE,
        title=f"{departed.identifier} gave back {size} to {to or 'another program'}.",
        hint="It comes back at its next use.",
        problem_id=f"{CODE}-{departed.instance_reference}",
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / GB:.1f} GB" if size_bytes >= GB else f"{size_bytes / 1e6:.0f} MB"
