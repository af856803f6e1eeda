"""The plain requests, for scripts and for what is asked once."""

import json

import pytest
from traitlets.config import Config

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts import discover
from lms_jupyter.server import LmsExtension, _jupyter_server_extension_points
from lms_jupyter.server.manager_pool import HOST_VARIABLE
from tests.hosts.fake import FakeHost
from tests.server.conftest import MODULE, QWEN, Door

LOAD = {"rid": "1", "command": {"kind": "load", "model_key": QWEN}}


def test_jupyter_server_is_told_what_to_load() -> None:
    (point,) = _jupyter_server_extension_points()

    assert point == {"module": MODULE, "app": LmsExtension}


async def test_a_script_loads_a_model(door: Door, host: FakeHost) -> None:
    answer = await door.ask("lms/command", headers=door.key, body=LOAD)

    assert answer.code == 202
    assert json.loads(answer.body)["kind"] == "accepted"
    assert [request.model_key for request in host.requests] == [QWEN]


async def test_a_question_is_answered(door: Door) -> None:
    question = {"rid": "1", "command": {"kind": "estimate", "model_key": QWEN}}

    answer = await door.ask("lms/command", headers=door.key, body=question)

    assert answer.code == 200
    assert json.loads(answer.body)["estimate"]["total_bytes"] > 0


@pytest.mark.parametrize("body", [None, [], {}, {"rid": "1", "command": {"kind": "format"}}])
async def test_nonsense_is_refused(door: Door, body: object) -> None:
    answer = await door.ask("lms/command", headers=door.key, body=body or "nothing")

    assert answer.code == 400
    assert json.loads(answer.body)["problem"]["code"] == "command_error"


async def test_a_command_of_ten_megabytes_is_refused(door: Door) -> None:
    answer = await door.ask("lms/command", headers=door.key, body={"rid": "x" * 10_000_000})

    assert answer.code == 413


async def test_a_script_gone_wild_is_told_to_stop(door: Door) -> None:
    codes = set()
    for number in range(1000):
        body = {"rid": str(number), "command": {"kind": "dismiss", "problem_id": "none"}}
        codes.add((await door.ask("lms/command", headers=door.key, body=body)).code)
        if 429 in codes:
            break

    assert codes == {202, 429}


async def test_a_host_that_is_not_there_is_a_sentence(door: Door, host: FakeHost) -> None:
    host.reachable = False

    answer = await door.ask("lms/command", headers=door.key, body=LOAD)

    assert answer.code == 503
    assert json.loads(answer.body)["problem"]["code"] == "host_unreachable"


async def test_a_host_from_the_browser_is_refused(door: Door, host: FakeHost) -> None:
    answer = await door.ask("lms/command", "?host=evil:80", headers=door.key, body=LOAD)

    assert answer.code == 404
    assert host.requests == []


async def test_the_sidebar_learns_that_a_host_is_looked_for(door: Door) -> None:
    answer = await door.ask("lms/hosts", headers=door.key)

    assert json.loads(answer.body) == {
        "hosts": [""],
        "named": [],
        "may_name": True,
        "discovers": True,
        "engine_missing": [],
    }


class TestWithAHostInTheEnvironment:
    """An engine that is started here would not be found: nobody offers it."""

    @pytest.fixture(autouse=True)
    def _variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert discover.VARIABLE == HOST_VARIABLE
        monkeypatch.setenv(HOST_VARIABLE, "gpu-box:1234")

    async def test_no_engine_is_offered_or_started(self, door: Door) -> None:
        told = json.loads((await door.ask("lms/hosts", headers=door.key)).body)
        answer = await door.ask("lms/engine", headers=door.key, body={})

        assert (told["hosts"], told["discovers"]) == ([""], False)
        assert answer.code == 409


class TestWithHostsInTheConfiguration:
    """What the server is configured with is what there is."""

    @pytest.fixture
    def jp_server_config(self) -> Config:
        config = Config({"ServerApp": {"jpserver_extensions": {MODULE: True}}})
        config.LmsExtension.hosts = ["gpu-box", "127.0.0.1:4321"]
        return config

    async def test_the_sidebar_learns_their_addresses(self, door: Door) -> None:
        told = json.loads((await door.ask("lms/hosts", headers=door.key)).body)

        assert told["hosts"] == ["gpu-box:1234", "127.0.0.1:4321"]
        assert not told["discovers"]

    async def test_each_has_a_line_of_its_own(self, door: Door) -> None:
        one = await door.listen("?host=gpu-box:1234")
        another = await door.listen("?host=127.0.0.1:4321")
        await one.connected()
        await another.connected()

        assert one.slices["activity"]["epoch"] != another.slices["activity"]["epoch"]

    async def test_no_engine_is_started_beside_them(self, door: Door) -> None:
        answer = await door.ask("lms/engine", headers=door.key, body={})

        assert answer.code == 409


def test_a_host_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(CommandError):
        LmsExtension(hosts=["http://gpu-box:1234/"])
