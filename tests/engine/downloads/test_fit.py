"""Into which memory a model would fit."""

from __future__ import annotations

import pytest

from lms_jupyter.engine.downloads.fit import fit


@pytest.mark.parametrize(
    ("size", "main", "gpu", "expected"),
    [
        (5, 10, 0, "fitWithoutGPU"),
        (15, 10, 0, "willNotFit"),
        (5, 10, 8, "fullGPUOffload"),
        (5, 1, 8, "fullGPUOffload"),
        (9, 10, 8, "partialGPUOffload"),
        (17, 10, 8, "partialGPUOffload"),
        (18, 10, 8, "willNotFit"),
    ],
)
def test_it_is_said_of_gpus_only_where_there_are_some(
    size: int, main: int, gpu: int, expected: str
) -> None:
    assert fit(size, main_bytes=main, gpu_bytes=gpu) == expected
