"""What is wrong with a fleet or one of its machines is one sentence, and stops no other machine."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import psutil
import pytest
import pytest_asyncio
from aiohttp import web

from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.fleet.errors import ray_sentence
from lms_jupyter.engine.fleet.fleet import Fleet
from lms_jupyter.engine.fleet.labels import NODE_ID, named
from lms_jupyter.engine.fleet.listed import Listed
from lms_jupyter.engine.fleet.node import Node
from lms_jupyter.engine.fleet.owner import EngineOwner
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.version import VERSION
from lms_jupyter.errors import HostUnreachableError

from .conftest import Started, all_connected, begun, until

GOOD = '[devices.desk]\naddress = "127.0.0.1:1"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "is no TOML"),
        ("", "has no devices"),
        ("devices = 1", "has no devices"),
        ("[devices]\ndesk = 1", "'desk' in .* needs an address, not None"),
        ('[devices.desk]\naddress = "desk"', "needs an address, not 'desk'"),
        (f"{GOOD}labels = 1", "The labels of the device 'desk' in .* are no table"),
        (f"{GOOD}token-file = 1", "The token-file of the device 'desk' in .* is no path"),
    ],
)
def test_a_file_that_is_no_fleet_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(text)

    with pytest.raises(EngineError, match=sentence):
        Listed.read(file)
    with pytest.raises(EngineError, match="cannot be read"):
        Listed.read(tmp_path / "none.toml")


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_a_wrong_token_and_a_machine_that_is_not_there_are_told_of_each(
    devices: dict[str, Started],
) -> None:
    good = Token(devices["alpha"].token)
    nodes = [
        Node(device="good", name="good", address=devices["alpha"].address, token=good),
        Node(device="wrong", name="wrong", address=devices["beta"].address, token=Token.new()),
        Node(device="away", name="away", address="127.0.0.1:1"),
    ]
    async with aiohttp.ClientSession() as session:
        fleet, changed = Fleet(session), asyncio.Event()
        fleet.listen(changed.set)
        await fleet.take(nodes)
        try:
            while not fleet.is_connected("good"):
                changed.clear()
                await changed.wait()
            bad = [fleet.device("wrong"), fleet.device("away")]
            while not all(one.problem for one in bad):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            assert fleet.device("away").problem == "Nothing answers at 127.0.0.1:1."
            assert "token" in fleet.device("wrong").problem
            assert [one.is_connected for one in fleet] == [True, False, False]
        finally:
            await fleet.close()


@pytest_asyncio.fixture
async def strangers() -> AsyncIterator[list[str]]:
    """Listeners that are no engine of this version: another one's, a web page, one that is mute."""

    async def other(_request: web.Request) -> web.Response:
        return web.json_response({"package": "lms-jupyter-engine", "version": "0.0.1"})

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    async with AsyncExitStack() as stack:
        addresses = []
        for handler in (other, page):
            application = web.Application()
            application.router.add_get("/{path:.*}", handler)
            runner = web.AppRunner(application)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            addresses.append(f"127.0.0.1:{runner.addresses[0][1]}")
        mute = stack.enter_context(socket.socket())
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        yield [*addresses, f"127.0.0.1:{mute.getsockname()[1]}"]


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_who_is_no_engine_of_this_version_or_says_nothing_is_one_sentence(
    strangers: list[str],
) -> None:
    nodes = [
        Node(device=name, name=name, address=address)
        for name, address in zip(("old", "page", "mute"), strangers, strict=True)
    ]
    async with aiohttp.ClientSession() as session:
        fleet = Fleet(session, connect_s=0.3)
        await fleet.take(nodes)
        try:
            while not all(one.problem for one in fleet):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            old, page, mute = fleet
            assert old.problem == f"It has lms-jupyter 0.0.1, and the gateway has {VERSION}."
            assert page.problem == f"{strangers[1]} is no engine of lms-jupyter."
            assert mute.problem == f"Nothing answers at {strangers[2]}."
        finally:
            await fleet.close()


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_a_second_gateway_on_one_port_is_refused_and_the_first_one_goes_on(
    gateway: Started, tmp_path: Path
) -> None:
    port, fleet = gateway.address.rpartition(":")[2], tmp_path / "fleet.toml"
    fleet.write_text(GOOD)

    with pytest.raises(HostUnreachableError, match=f"Cannot listen on .*:{port}"):
        begun(tmp_path / "second", "--no-default-models", "--fleet", str(fleet), "--port", port)

    assert len((await until(gateway, all_connected))["devices"]) == 2
    left = psutil.Process().children(recursive=True)
    assert [one.pid for one in left if str(fleet) in one.cmdline()] == []


def test_another_python_or_ray_is_one_sentence() -> None:
    said = (
        "Version mismatch: The cluster was started with:\n    Ray: 2.60.0\n    Python: 3.12.1\n"
        "This process on 10.0.0.2 was started with:\n    Ray: 2.60.0\n    Python: 3.11.9\n"
    )
    assert ray_sentence(RuntimeError(said)) == (
        "it has Ray 2.60.0 with Python 3.12.1, and the gateway has Ray 2.60.0 with Python 3.11.9."
    )
    assert ray_sentence(ValueError("a\n b\n\n")) == "b"
    assert ray_sentence(ValueError()) == "ValueError"


def test_an_engine_that_cannot_start_leaves_a_sentence_and_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    told = EngineOwner("203.0.113.7").where()  # an address that no machine has

    assert told["problem"].startswith("The engine on 203.0.113.7 ended at once (exit code ")
    ours = psutil.Process().children(recursive=True)
    assert [one.pid for one in ours if "203.0.113.7" in one.cmdline()] == []


def test_of_two_nodes_with_one_label_the_first_has_it() -> None:
    labels = {"lms.device": "desk"}
    alive = [
        {"NodeID": node * 20, "NodeManagerAddress": "10.0.0.1", "Labels": labels} for node in "ba"
    ]

    first, second = named(alive)
    later = named([alive[0]])
    kept = {one.device: one.labels[NODE_ID] for one in named(alive, later)}

    assert kept == {"desk": "b" * 20, "a" * 12: "a" * 20}, "it stays whose it was"
    assert (first.device, first.problem) == ("desk", "")
    assert second.device == "bbbbbbbbbbbb"
    assert second.problem == "Another node has the label lms.device=desk."
    assert second.address == ""


@pytest.mark.timeout(60)
def test_without_ray_a_fleet_on_it_is_refused_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError(\"No module named 'ray'\")")

    with pytest.raises(HostUnreachableError, match="A fleet on Ray needs Ray, which is not instal"):
        begun(tmp_path / "home", "--fleet", "ray", PYTHONPATH=str(tmp_path))


def test_an_engine_imports_ray_for_a_fleet_on_it_alone() -> None:
    check = "import sys, lms_jupyter.engine.app; print('ray' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True)

    assert told.stdout == b"False\n"
