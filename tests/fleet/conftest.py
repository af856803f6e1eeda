"""Fleets of real engines on this machine, with the shipped models."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import engines
from tests.engine.raw import Raw, connected

CHAT = "tutor-1m"
PATIENCE_S = 60.0
"""How long nothing may happen: an engine may have to start meanwhile, on a busy machine."""
CONFIG = {
    "layers": [
        {
            "layerName": "apiOverride",
            "config": {"fields": [{"key": "llm.load.contextLength", "value": 256}]},
        }
    ]
}


def meant(identifier: str) -> dict[str, Any]:
    return {"type": "query", "query": {"identifier": identifier}}


def saying(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}


def at_most(tokens: int) -> dict[str, Any]:
    fields = [
        {"key": "llm.prediction.maxPredictedTokens", "value": {"checked": True, "value": tokens}},
        {"key": "llm.prediction.temperature", "value": 0},
    ]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


def endless() -> dict[str, Any]:
    """Have a model speak until it is stopped: no token may come that ends an answer."""
    fields = [
        {"key": "llm.prediction.llama.logitBias", "value": [[one, "-inf"] for one in range(3)]},
        {"key": "llm.prediction.contextOverflowPolicy", "value": "rollingWindow"},
    ]
    return {"layers": [{"layerName": "apiOverride", "config": {"fields": fields}}]}


@dataclass
class Started:
    """An engine of a fleet."""

    process: subprocess.Popen[str]
    address: str
    token: str = ""

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> None:
        if self.process.poll() is None:
            engines.end(self.process)


def begun(home: Path, *options: str, **environment: str) -> Started:
    """Start an engine in a folder of its own."""
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), **environment}
    process, address = engines.start(home / "log", "--spares", "0", *options, **environment)
    token = home / "token"
    return Started(process, address, token.read_text().strip() if token.exists() else "")


def with_token(home: Path, *options: str) -> Started:
    """Start an engine that wants a token, as all do that other machines reach."""
    return begun(home, "--token-file", str(home / "token"), *options)


def written(folder: Path, devices: dict[str, Started]) -> Path:
    """Write down a fleet."""
    lines = []
    for name, one in devices.items():
        (folder / f"{name}.token").write_text(one.token)
        (folder / f"{name}.token").chmod(0o600)
        lines += [f"[devices.{name}]", f"address = {json.dumps(one.address)}"]
        lines += [f'token-file = "{name}.token"']
    file = folder / "fleet.toml"
    file.write_text("\n".join(lines))
    return file


@asynccontextmanager
async def asking(engine: Started, namespace: str) -> AsyncIterator[Raw]:
    """Connect to an engine, with its token where it has one."""
    identifier, _, passkey = engine.token.removeprefix("sk-lm-").partition(":")
    async with connected(engine.address, namespace) as raw:
        hello = {"clientIdentifier": identifier, "clientPasskey": passkey}
        assert await raw.introduce(**(hello if passkey else {})) == {"success": True}
        yield raw


async def until(engine: Started, is_so: Callable[[Any], bool]) -> Any:
    """Watch an engine's activity until it is so."""
    async with asking(engine, "system") as raw:
        await raw.open("watchActivity")
        while True:
            frame = await raw.socket.receive_json(timeout=PATIENCE_S)
            if frame["type"] == "channelSend" and is_so(frame["message"]):
                return frame["message"]


def all_connected(activity: Any) -> bool:
    return all(device["connected"] for device in activity["devices"])


async def loaded(raw: Raw, **asked: Any) -> dict[str, Any]:
    """Load and return what became of it."""
    channel = await raw.open("loadModel", modelKey=CHAT, loadConfigStack=CONFIG, **asked)
    packets, end = await raw.end(channel)
    assert end["type"] == "channelClose", end
    info: dict[str, Any] = packets[-1]["info"]
    return info


async def said(raw: Raw, identifier: str, tokens: int = 8) -> list[dict[str, Any]]:
    """Let a model speak and return the packets."""
    channel = await raw.open(
        "predict",
        modelSpecifier=meant(identifier),
        history=saying("Hello"),
        predictionConfigStack=at_most(tokens),
    )
    packets, end = await raw.end(channel)
    assert end["type"] == "channelClose", end
    return packets


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Started]]:
    """Two engines with the shipped models."""
    folder = tmp_path_factory.mktemp("devices")
    started = {name: with_token(folder / name) for name in ("alpha", "beta")}
    yield started
    for one in started.values():
        one.stop()


@pytest.fixture(scope="module")
def gateway(
    devices: dict[str, Started], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Started]:
    """The gateway of both, with no models of its own."""
    folder = tmp_path_factory.mktemp("gateway")
    started = begun(
        folder / "home", "--no-default-models", "--fleet", str(written(folder, devices))
    )
    yield started
    started.stop()
