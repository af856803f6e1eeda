"""What the host has unloaded for another program becomes a sentence, once."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lms_jupyter.hosts.base import GaveWay
from lms_jupyter.manager.gpu_users import kernel_of
from lms_jupyter.protocol.models import Problem

if TYPE_CHECKING:
    from lms_jupyter.manager.manager import Manager

CODE = "gave_way"
GB = 1e9


def new_problems(gone: Iterable[GaveWay], manager: "Manager") -> tuple[Problem, ...]:
    """Return a sentence for each that nobody has been told of yet."""
    new = [
        departed
        for departed in gone
        if departed.instance_reference not in manager.departures.noticed
    ]
    manager.departures.noticed.update(departed.instance_reference for departed in new)
    return tuple(_problem(departed, manager) for departed in new)


def sentence(departed: GaveWay, manager: "Manager") -> str:
    """Say what an instance gave back, and to whom as far as that is known."""
    kernel = kernel_of(departed.pid, manager)
    to = Path(kernel.notebook).name if kernel and kernel.notebook else departed.to
    size = _size(departed.memory_bytes)
    return f"{departed.identifier} gave back {size} to {to or 'another program'}."


def _problem(departed: GaveWay, manager: "Manager") -> Problem:
    return Problem(
        code=CODE,
        title=sentence(departed, manager),
        hint="It comes back at its next use.",
        problem_id=f"{CODE}-{departed.instance_reference}",
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / GB:.1f} GB" if size_bytes >= GB else f"{size_bytes / 1e6:.0f} MB"
