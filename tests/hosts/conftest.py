import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import engine


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an engine listens that the tests of one module share."""
    with engine(tmp_path_factory.mktemp("engine")) as address:
        yield address


@pytest.fixture(scope="session")
def newest_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK's newest release, a beta; what it needs is already installed."""
    folder = tmp_path_factory.mktemp("lmstudio")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-deps", "--target", str(folder), "lmstudio==1.6.0b1"], check=True, timeout=170
    )
    return folder
