"""A fleet on Ray: the gateway's own node and three more, on this machine; Ray starts once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from lms_jupyter.engine.token import Token
from lms_jupyter.engine.version import VERSION
from lms_jupyter.errors import HostUnreachableError
from tests.engine.raw import Raw
from tests.engine.test_guest_tokens import write

from .conftest import (
    CHAT,
    CONFIG,
    Started,
    asking,
    endless,
    loaded,
    meant,
    said,
    saying,
    until,
)

pytest.importorskip("ray", reason="a fleet on Ray needs the extra `fleet`")

from tests.suspending import suspend

from .ray_machines import Cluster, other_version, running

pytestmark = [pytest.mark.asyncio, pytest.mark.alone, pytest.mark.timeout(400)]

NAMES = ("alpha", "beta", "gamma")
GONE = {"device_lost", "device_disconnected"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of machines that have no models folder."""
    with running(tmp_path_factory.mktemp("ray"), *NAMES) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def guests() -> dict[str, str]:
    return {name: Token.new().reveal() for name in ("ada", "ben")}


@pytest.fixture(scope="module")
def gateway(
    cluster: Cluster, guests: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Started]:
    """A gateway whose users may have one instance each."""
    home = tmp_path_factory.mktemp("shared")
    may = ["read", "predict", "load"]
    written = write(home / "guests", **{name: (token, may) for name, token in guests.items()})
    (home / "limits.toml").write_text("[default]\ninstances = 1")
    started = cluster.gateway(
        home,
        *("--token-file", str(home / "token")),
        *("--guest-tokens", str(written), "--limits", str(home / "limits.toml")),
    )
    yield started
    started.stop()


def connected(*names: str) -> Any:
    def is_so(activity: Any) -> bool:
        now = {one["deviceName"] for one in activity["devices"] if one["connected"]}
        return now == set(names)

    return is_so


async def refused(raw: Raw, device: str) -> Any:
    """Load on a device that cannot be used; return what is said of it."""
    asked = {"modelKey": CHAT, "loadConfigStack": CONFIG, "deviceIdentifier": device}
    _packets, end = await raw.end(await raw.open("loadModel", **asked))
    assert end["error"]["errorData"] == {"code": "device_disconnected"}
    return end["error"]["title"]


def what_was_promised_is_back(activity: Any) -> bool:
    """Whether the pinned instance and the other replica are there again, and each once."""
    now = sorted(
        (one["identifier"], one["pinned"], one.get("replica", False))
        for one in activity["instances"]
    )
    pools = {one["deviceIdentifier"] for one in activity["instances"] if one.get("replica")}
    promised = [("kept", True, False), ("pool", False, True), ("pool", False, True)]
    return now == promised and pools == {"alpha", "gamma"}


async def test_a_cluster_that_wants_no_token_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(HostUnreachableError, match="RAY_AUTH_MODE is not 'token'"):
        cluster.gateway(tmp_path / "home", RAY_AUTH_MODE="disabled")


async def test_a_wrong_token_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    wrong = {"RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_gcs_server_port_wait_time_s": "2"}

    with pytest.raises(HostUnreachableError, match=r"lets us in: it wants another token\."):
        cluster.gateway(tmp_path / "home", **wrong)


async def test_a_new_gateway_adopts_what_is_loaded(cluster: Cluster, tmp_path: Path) -> None:
    first = cluster.gateway(tmp_path / "first")
    try:
        await until(first, connected(*NAMES))
        async with asking(first, "llm") as raw:
            infos = [
                await loaded(raw, identifier="twin", deviceIdentifier=device)
                for device in ("alpha", "beta")
            ]
            assert (await said(raw, "twin"))[-1]["type"] == "success"
    finally:
        first.kill()

    second = cluster.gateway(tmp_path / "second")
    try:
        seen = await until(second, connected(*NAMES))
        assert {one["instanceReference"] for one in seen["instances"]} == {
            one["instanceReference"] for one in infos
        }
        async with asking(second, "llm") as raw:
            assert (await said(raw, "twin"))[-1]["type"] == "success"
            for info in infos:
                where = {"deviceIdentifier": info["deviceIdentifier"]}
                await raw.call("unloadModel", identifier="twin", **where)
    finally:
        second.stop()


async def test_a_second_gateway_on_its_port_is_refused(
    cluster: Cluster, gateway: Started, tmp_path: Path
) -> None:
    port = gateway.address.rpartition(":")[2]
    with pytest.raises(HostUnreachableError, match=f"Cannot listen on .*:{port}"):
        cluster.gateway(tmp_path / "home", "--port", port)

    await until(gateway, connected(*NAMES))


async def test_two_users_have_their_limits_on_all_devices(
    gateway: Started, guests: dict[str, str]
) -> None:
    await until(gateway, connected(*NAMES))
    ada, ben = (replace(gateway, token=guests[name]) for name in ("ada", "ben"))
    async with asking(ada, "llm") as hers, asking(ben, "llm") as his:
        await loaded(hers, identifier="hers", deviceIdentifier="alpha")
        asked = {"modelKey": CHAT, "loadConfigStack": CONFIG, "deviceIdentifier": "beta"}
        _packets, end = await hers.end(await hers.open("loadModel", **asked))
        assert end["error"]["errorData"] == {"code": "limit_reached"}
        assert end["error"]["title"] == "ada may have 1 instance in memory and has 1 (hers)."
        await loaded(his, identifier="his", deviceIdentifier="beta")
        answer = await his.call("unloadModel", identifier="hers")
        assert answer["error"]["title"] == "'hers' was loaded by ada, not by you."
        assert (await said(his, "hers"))[-1]["type"] == "success"
        for raw, name in ((hers, "hers"), (his, "his")):
            assert await raw.call("unloadModel", identifier=name) is None


async def test_a_node_that_cannot_be_used_is_one_sentence(
    cluster: Cluster, gateway: Started, tmp_path: Path
) -> None:
    cluster.say("add twin alpha")
    cluster.say(f"add old old {other_version(tmp_path / 'old')}")

    told = await until(gateway, lambda told: len(told["devices"]) == 5)

    (twin,) = {one["deviceName"] for one in told["devices"]} - {*NAMES, "old"}
    async with asking(gateway, "llm") as raw:
        assert "Another node has the label lms.device=alpha." in await refused(raw, twin)
        said_of_it = f"It has lms-jupyter 0.0.1, and the gateway has {VERSION}."
        while said_of_it not in (sentence := await refused(raw, "old")):
            assert "Its engine is being started." in sentence
        assert (await loaded(raw, identifier="alive"))["deviceIdentifier"] in NAMES
        await raw.call("unloadModel", identifier="alive")
    cluster.say("kill twin")
    cluster.say("kill old")


async def test_a_node_dies_with_something_in_each_state(cluster: Cluster, gateway: Started) -> None:
    """Idle, loading, answering, pinned and a replica; what was promised comes up once."""
    await until(gateway, connected(*NAMES))
    async with AsyncExitStack() as stack:
        llm, loading, speaking = [
            await stack.enter_async_context(asking(gateway, "llm")) for _ in range(3)
        ]
        system = await stack.enter_async_context(asking(gateway, "system"))
        idle = await loaded(llm, identifier="idle", deviceIdentifier="beta")
        await loaded(llm, identifier="kept", deviceIdentifier="beta")
        await system.call("pinInstance", identifier="kept", pinned=True)
        for device in ("beta", "alpha"):
            await loaded(llm, identifier="pool", deviceIdentifier=device, replica=True)
        asked = {"modelSpecifier": meant("idle"), "history": saying("Hello")}
        answer = await speaking.open("predict", **asked, predictionConfigStack=endless())
        await speaking.packet(answer, "fragment")
        engine = cluster.engine("beta")
        workers = engine.children(recursive=True)
        suspend(*workers)  # no load ends from here on
        asked = {"modelKey": CHAT, "loadConfigStack": CONFIG, "deviceIdentifier": "beta"}
        load = await loading.open("loadModel", **asked)
        await until(gateway, lambda told: told["loads"])

        cluster.say("kill beta")

        assert (await speaking.end(answer))[1]["error"]["errorData"] == {"code": "device_lost"}
        assert (await loading.end(load))[1]["error"]["errorData"]["code"] in GONE
        await until(gateway, connected("alpha", "gamma"))
        for worker in workers:
            worker.resume()
        assert psutil.wait_procs([engine, *workers], timeout=30)[1] == []
        departure = await system.call("getDeparture", instanceReference=idle["instanceReference"])
        assert (departure["why"], departure["by"]) == ("deviceLost", "beta")
        assert (await said(llm, "pool"))[-1]["modelInfo"]["deviceIdentifier"] == "alpha"
        assert "'beta'" in await refused(llm, "beta")
        assert await until(gateway, what_was_promised_is_back)
        assert await llm.call("unloadModel", identifier="pool") is None
        assert await llm.call("unloadModel", identifier="kept") is None


async def test_a_node_that_comes_back_is_a_device_again(cluster: Cluster, gateway: Started) -> None:
    cluster.say("add beta")

    await until(gateway, connected(*NAMES))

    async with asking(gateway, "llm") as raw:
        info = await loaded(raw, identifier="back", deviceIdentifier="beta")
        assert info["deviceIdentifier"] == "beta"
        assert await raw.call("unloadModel", identifier="back") is None
        assert await raw.call("listLoaded") == []
