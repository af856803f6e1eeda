"""Whether a model would fit into memory, and into which. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

Fit: TypeAlias = Literal["fullGPUOffload", "partialGPUOffload", "fitWithoutGPU", "willNotFit"]


def fit(size_bytes: int, *, main_bytes: int, gpu_bytes: int) -> Fit:
    """Return how a file of this size fits into what is available.

    >>> fit(10, main_bytes=100, gpu_bytes=4)
    'partialGPUOffload'
    """
    if size_bytes < gpu_bytes:
        return "fullGPUOffload"
    if gpu_bytes and size_bytes < main_bytes + gpu_bytes:
        return "partialGPUOffload"
    return "fitWithoutGPU" if size_bytes < main_bytes else "willNotFit"
