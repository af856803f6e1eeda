"""The SDK's convenience calls after `%load_ext`: same host, unless the user said otherwise."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lmstudio
import pytest
from lmstudio import sync_api

from lms_jupyter.hosts.sdk_default import DefaultClient
from tests.engines import engine


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with engine(tmp_path_factory.mktemp("engine")) as address:
        yield address


@pytest.fixture(autouse=True)
def _fresh_sdk() -> Iterator[None]:
    yield
    sync_api._reset_default_client()


def nowhere() -> str:
    raise AssertionError("nobody should ask")


def test_convenience_calls_talk_to_our_host(address: str) -> None:
    default = DefaultClient(lambda: address)
    default.install()
    try:
        model = lmstudio.llm("tutor-1m", ttl=60)
        assert [m.identifier for m in lmstudio.list_loaded_models()] == ["tutor-1m"]
        model.unload()
    finally:
        default.remove()


def test_what_the_user_configured_stands(address: str) -> None:
    lmstudio.configure_default_client(address)
    default = DefaultClient(nowhere)
    default.install()
    try:
        assert list(lmstudio.list_loaded_models()) == []
    finally:
        default.remove()


def test_removing_it_puts_the_sdks_own_function_back() -> None:
    before = lmstudio.get_default_client
    default = DefaultClient(nowhere)
    default.install()
    assert lmstudio.get_default_client is not before

    default.remove()

    assert lmstudio.get_default_client is before
    assert sync_api.get_default_client is before


def test_an_sdk_that_is_imported_later_is_bound_too(address: str, tmp_path: Path) -> None:
    script = tmp_path / "later.py"
    script.write_text(
        "import sys\n"
        "from lms_jupyter.hosts.sdk_default import DefaultClient\n"
        f"DefaultClient(lambda: {address!r}).install()\n"
        "assert 'lmstudio' not in sys.modules\n"
        "import lmstudio\n"
        "print(lmstudio.get_default_client().api_host)\n"
    )

    told = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == address
