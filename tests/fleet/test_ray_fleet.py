"""A fleet on Ray: a node of the gateway's own and two more, on this machine; Ray starts once."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from lms_jupyter.errors import HostUnreachableError

from .conftest import CHAT, Started, asking, begun, loaded, said, until

pytest.importorskip("ray", reason="a fleet on Ray needs the extra `fleet`")
pytestmark = [pytest.mark.asyncio, pytest.mark.alone, pytest.mark.timeout(400)]


@dataclass
class Cluster:
    """Nodes of Ray, as a process of their own."""

    process: subprocess.Popen[str]
    address: str
    environment: dict[str, str]

    def say(self, order: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("done "):
                assert line == f"done {order}\n"
                return
        pytest.fail("the cluster has ended")

    def gateway(self, home: Path, **environment: str) -> Started:
        return begun(
            home,
            *("--no-default-models", "--fleet", f"ray:{self.address}"),
            **{**self.environment, **environment},
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("ray")
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path.cwd()),
        "HOME": str(folder),
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ray_cluster.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
    assert process.stdin is not None
    assert process.stdout is not None
    ready = next((line for line in process.stdout if line.startswith("ready ")), "")
    if not ready:
        process.communicate(timeout=30)
        pytest.fail((folder / "log").read_text())
    made = Cluster(process, ready.split()[1], environment)
    for name in ("alpha", "beta"):
        made.say(f"add {name}")
    yield made
    process.stdin.close()
    process.wait(60)
    process.stdout.close()
    left = [one for one in psutil.process_iter(["environ"]) if _is_of(one, folder)]
    assert [one.cmdline() for one in left] == []


def _is_of(process: psutil.Process, folder: Path) -> bool:
    return (process.info["environ"] or {}).get("HOME") == str(folder)


def connected(*names: str) -> Any:
    def is_so(activity: Any) -> bool:
        now = {one["deviceName"] for one in activity["devices"] if one["connected"]}
        return now == set(names)

    return is_so


async def test_a_cluster_that_wants_no_token_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(HostUnreachableError, match="RAY_AUTH_MODE is not 'token'"):
        cluster.gateway(tmp_path / "home", RAY_AUTH_MODE="disabled")


async def test_a_wrong_token_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(HostUnreachableError, match="No Ray cluster at "):
        cluster.gateway(tmp_path / "home", RAY_AUTH_TOKEN=secrets.token_hex(32))


async def test_a_life_of_a_fleet(cluster: Cluster, tmp_path: Path) -> None:
    """Nodes are devices; a new gateway adopts what is loaded; a killed node is gone."""
    first = cluster.gateway(tmp_path / "first")
    try:
        await until(first, connected("alpha", "beta"))
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
        seen = await until(second, connected("alpha", "beta"))
        assert {one["instanceReference"] for one in seen["instances"]} == {
            one["instanceReference"] for one in infos
        }

        cluster.say("kill beta")

        left = await until(second, connected("alpha"))
        assert [one["deviceIdentifier"] for one in left["instances"]] == ["alpha"]
        async with asking(second, "system") as raw:
            gone = {"instanceReference": infos[1]["instanceReference"]}
            departure = await raw.call("getDeparture", **gone)
            assert (departure["why"], departure["by"]) == ("deviceLost", "beta")
        async with asking(second, "llm") as raw:
            assert (await said(raw, "twin"))[-1]["modelInfo"]["deviceIdentifier"] == "alpha"
            channel = await raw.open(
                "loadModel",
                modelKey=CHAT,
                loadConfigStack={"layers": []},
                deviceIdentifier="beta",
            )
            _packets, end = await raw.end(channel)
            assert end["error"]["errorData"] == {"code": "device_disconnected"}

        cluster.say("add beta")

        await until(second, connected("alpha", "beta"))
    finally:
        second.stop()
