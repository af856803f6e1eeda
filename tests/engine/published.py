"""LM Studio's own description of its protocol, which its JavaScript SDK brings along."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from .conftest import EngineProcess
from .raw import Raw, introduced

CLIENTS = Path(__file__).parent / "clients"
INSTALL_S = 170
CHECK_S = 60


def program(name: str) -> str:
    """Return where a program is."""
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return found


def install() -> Path:
    """Install LM Studio's npm packages, once; return the folder of the programs that use them."""
    with FileLock(CLIENTS / ".install.lock"):
        wanted = (CLIENTS / "package-lock.json").read_bytes()
        there = CLIENTS / "node_modules/.installed-lock.json"
        if not there.exists() or there.read_bytes() != wanted:
            command = [program("npm"), "ci", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=CLIENTS, check=True, timeout=INSTALL_S)
            there.write_bytes(wanted)
    return CLIENTS


def node(*arguments: str, told: str = "", patience_s: float = CHECK_S) -> Any:
    """Run one of the programs and return what it prints, JSON."""
    done = subprocess.run(
        [program("node"), *arguments],
        cwd=install(),
        input=told,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience_s,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def described() -> dict[str, dict[str, Any]]:
    """Return which calls and channels LM Studio has, by namespace."""
    found: dict[str, dict[str, Any]] = node("published.mjs", "list")
    return found


@dataclass
class Replies:
    """What an engine has answered, in the order in which it came."""

    engine: EngineProcess
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, namespace: str, endpoint: str, parameter: dict[str, Any]) -> Any:
        """Call, and note the answer."""
        async with introduced(self.engine.address, namespace, clientIdentifier="checker") as raw:
            frame = {"type": "rpcCall", "endpoint": endpoint, "callId": 1}
            await raw.socket.send_json(frame | ({"parameter": parameter} if parameter else {}))
            answer = await raw.read()
        said = {"namespace": namespace, "endpoint": endpoint}
        if answer["type"] == "rpcError":
            self.heard.append(said | {"kind": "error", "value": answer["error"]})
            return None
        assert answer["type"] == "rpcResult", answer
        value = {"value": answer["result"]} if "result" in answer else {}
        self.heard.append(said | {"kind": "result"} | value)
        return answer.get("result")

    async def channel(
        self, namespace: str, endpoint: str, parameter: dict[str, Any], *says: str
    ) -> list[dict[str, Any]]:
        """Open a channel and read it to its end; after each packet say the next thing."""
        async with introduced(self.engine.address, namespace, clientIdentifier="checker") as raw:
            channel = await raw.open(endpoint, **parameter)
            packets, last = await self._read(raw, channel, list(says))
        said = {"namespace": namespace, "endpoint": endpoint}
        self.heard += [said | {"kind": "packet", "value": packet} for packet in packets]
        if last["type"] == "channelError":
            self.heard.append(said | {"kind": "error", "value": last["error"]})
        return packets

    async def _read(
        self, raw: Raw, channel: int, says: list[str]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        packets = []
        while True:
            frame = await raw.read()
            if frame["type"] != "channelSend":
                return packets, frame
            packets.append(frame["message"])
            if says and frame["message"]["type"] in {"log", "planReady", "planUpdated"}:
                kind = says.pop(0)
                if kind:
                    await raw.say(channel, kind)

    def wrong(self) -> list[dict[str, Any]]:
        """Return the replies that LM Studio's schemas do not take, each with what is wrong."""
        lines = "\n".join(map(json.dumps, self.heard))
        found: list[dict[str, Any]] = node("published.mjs", "check", told=lines)
        return found

    def answered(self) -> set[tuple[str, str]]:
        """Return what was called or opened, by namespace and name."""
        return {(one["namespace"], one["endpoint"]) for one in self.heard}

    def packets(self, names: Iterable[str]) -> set[tuple[str, str]]:
        """Return which packets came, by the channels with these names and their types."""
        return {
            (one["endpoint"], one["value"]["type"])
            for one in self.heard
            if one["kind"] == "packet" and one["endpoint"] in set(names)
        }
