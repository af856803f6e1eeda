from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import engine
from tests.installed import newest_sdk


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an engine listens that the tests of one module share."""
    with engine(tmp_path_factory.mktemp("engine")) as address:
        yield address


@pytest.fixture(scope="session", name="newest_sdk")
def _newest_sdk() -> Path:
    return newest_sdk()
