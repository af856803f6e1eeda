"""The sidebar may show the hosts that this user has given names, and no other address."""

import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from lms_jupyter.hosts import host_names
from lms_jupyter.server import LmsExtension
from tests.server.conftest import MODULE, Door


async def listed(door: Door) -> list[str]:
    answer = await door.ask("lms/hosts", headers=door.key)
    hosts: list[str] = json.loads(answer.body)["hosts"]
    return hosts


async def test_hosts_with_names_are_listed_and_opened_by_name_or_address(
    door: Door, extension: LmsExtension
) -> None:
    assert await listed(door) == [""]
    host_names.add("gpu", "https://gpu.example")
    asked = []
    find = extension.switchboard.find

    async def noting(named: str) -> Any:
        asked.append(named)
        return await find(named)

    extension.switchboard.find = noting

    assert await listed(door) == ["", "gpu"]
    for query in ("?host=gpu", "?host=https%3A%2F%2Fgpu.example%3A443"):
        listener = await door.listen(query)
        await listener.connected()
    assert asked == ["gpu"]

    host_names.remove("gpu")

    assert await listed(door) == [""]
    with pytest.raises(HTTPClientError) as refusal:
        await door.listen("?host=gpu")
    assert refusal.value.code == 404


async def test_a_page_names_no_other_host(door: Door) -> None:
    host_names.add("gpu", "https://gpu.example")

    for query in ("?host=127.0.0.1:9", "?host=gpo", "?host=https%3A%2F%2Fgpu.example"):
        with pytest.raises(HTTPClientError) as refusal:
            await door.listen(query)
        assert refusal.value.code == 404
        # A body that is no command is looked at only where there is such a host.
        answer = await door.ask("lms/command", query, headers=door.key, body=[])
        assert answer.code == 404


class TestConfigured:
    """Where the configuration says which hosts there are."""

    @pytest.fixture
    def jp_server_config(self) -> Config:
        host_names.add("gpu", "https://gpu.example")
        host_names.add("other", "10.0.0.7")
        hosts = ["gpu", "10.0.0.8"]
        extensions = {"jpserver_extensions": {MODULE: True}}
        return Config({"ServerApp": extensions, "LmsExtension": {"hosts": hosts}})

    async def test_these_are_all_and_may_be_named_too(self, door: Door) -> None:
        assert await listed(door) == ["gpu", "10.0.0.8:1234"]
        with pytest.raises(HTTPClientError):
            await door.listen("?host=other")
