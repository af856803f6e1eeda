"""Which files the wheel and the source package would have, without building them."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
TRAINING = "lms_jupyter/engine/models/training/"
MODEL = "lms_jupyter/engine/models/lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf"


@cache
def names(builder: Any) -> set[str]:
    files = builder(str(ROOT)).recurse_included_files()
    return {Path(file.distribution_path).as_posix() for file in files}


def training(contents: set[str]) -> set[str]:
    return {name for name in contents if name.startswith(TRAINING)}


def test_the_wheel_has_the_models_and_not_the_code_that_trains_them() -> None:
    contents = names(WheelBuilder)

    assert MODEL in contents
    assert training(contents) == set()


@pytest.mark.parametrize("name", ["README.md", "__main__.py", "corpus.py"])
def test_the_source_package_has_both(name: str) -> None:
    contents = names(SdistBuilder)

    assert {MODEL, "tests/engine/test_tutorial_models.py"} <= contents
    assert TRAINING + name in contents
