"""The SDK's convenience calls after `%load_ext`: same host, unless the user said otherwise."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmstudio
import pytest
from lmstudio import sync_api

from lms_jupyter.hosts.sdk_default import DefaultClient
from tests.hosts.studio import Studio


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


def test_a_default_client_follows_the_host_that_is_used_now() -> None:
    with Studio() as first, Studio() as second:
        here = [first.address]
        default = DefaultClient(lambda: here[0])
        default.install()
        try:
            handle = lmstudio.llm("qwen/qwen3-4b")
            here[0] = second.address
            assert list(lmstudio.list_loaded_models()) == []
            assert handle.get_info().identifier == "qwen/qwen3-4b", "an old handle goes on"
        finally:
            default.remove()


def test_what_a_convenience_call_loads_is_told_with_its_host() -> None:
    heard: list[Any] = []
    with Studio() as studio:

        def watch(address: str) -> Any:
            heard.append(address)
            return heard.append

        default = DefaultClient(lambda: studio.address, watch)
        default.install()
        try:
            lmstudio.llm("qwen/qwen3-4b")
            lmstudio.get_default_client().llm.load_new_instance("qwen/qwen3-4b", "second")
        finally:
            default.remove()

    assert heard == [studio.address, "qwen/qwen3-4b", studio.address, "second"]


def test_a_host_that_was_restarted_is_connected_to_again() -> None:
    with Studio() as studio:
        address = studio.address
        default = DefaultClient(lambda: address)
        default.install()
        assert list(lmstudio.list_loaded_models()) == []
    try:
        with Studio(port=int(address.rpartition(":")[2])):
            assert lmstudio.llm("qwen/qwen3-4b").identifier == "qwen/qwen3-4b"
    finally:
        default.remove()
