import pytest
from traitlets.config import Config, Configurable

from lms_jupyter.errors import HostUnreachableError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.fake import FakeHost, fake_model

asked: list[str] = []


async def find(named: str) -> Found:
    asked.append(named)
    return Found(host=FakeHost(fake_model()), why="made for this test")


async def find_nothing(_named: str) -> Found:
    raise HostUnreachableError("Nothing answers at 127.0.0.1:9.")


def test_the_configuration_names_the_host() -> None:
    parent = Configurable(config=Config({"Manager": {"host": "gpu-box:1234"}}))
    asked.clear()
    local = LocalManager(Manager(find, parent=parent))
    local.connect()
    local.close()

    assert set(asked) == {"gpu-box:1234"}


def test_commands_are_carried_out_from_any_thread() -> None:
    local = LocalManager(Manager(find))

    outcome = local.run(LoadRequest(model_key="qwen/qwen3-4b", mode="new"))
    local.close()

    assert outcome.instance.identifier == "qwen/qwen3-4b"


def test_no_host_is_an_error_for_whoever_asks_and_not_the_end_of_the_manager() -> None:
    local = LocalManager(Manager(find_nothing))

    for _ in range(2):
        with pytest.raises(HostUnreachableError, match="Nothing answers"):
            local.connect()

    assert local.alive
    local.close()
    assert not local.alive


def test_closing_twice_does_no_harm() -> None:
    local = LocalManager(Manager(find))
    local.close()
    local.close()
