"""What another user of this machine tries on an engine; run as that user.

Arguments: the engine's address, its announcement, its log, the process id of the engine, and the
ports on which it and its children listen. Says on stdout, as JSON, what came of each attempt.
"""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp

SOCKETS = {
    "diagnostics": ("channelCreate", "streamLogs"),
    "system": ("rpcCall", "requestShutdown"),
    "llm": ("rpcCall", "listLoaded"),
    "embedding": ("channelCreate", "loadModel"),
    "files": ("rpcCall", "uploadFileBase64"),
    "repository": ("channelCreate", "downloadModel"),
}
INTRODUCTIONS = {
    "a guest": ("guest:x", "y"),
    "the panel": ("panel:x", "y"),
    "the command line": ("lms-cli-remote-x", "y"),
}
REQUESTS = (
    ("GET", "/v1/models", None),
    ("POST", "/v1/chat/completions", {"model": "tutor-1m", "messages": []}),
    ("POST", "/api/v1/models/load", {"model": "tutor-1m"}),
    ("POST", "/api/v1/models/unload", {"instance_id": "tutor-1m"}),
    ("POST", "/api/v1/models/download", {"model": "a/b"}),
)


async def say(http: aiohttp.ClientSession, address: str, name: str, who: str) -> str:
    """Introduce ourselves on a socket and ask for something; returns what is answered."""
    kind, endpoint = SOCKETS[name]
    identifier, passkey = INTRODUCTIONS[who]
    first = {"authVersion": 1, "clientIdentifier": identifier, "clientPasskey": passkey}
    async with http.ws_connect(f"http://{address}/{name}") as connection:
        await connection.send_json(first)
        await connection.send_json(
            {"type": kind, "endpoint": endpoint, "callId": 1, "channelId": 1, "parameter": {}}
        )
        return " ".join([str(message.data) async for message in connection])


async def over_the_network(address: str) -> dict[str, Any]:
    """Try every way over the socket."""
    came: dict[str, Any] = {}
    async with aiohttp.ClientSession() as http:
        for name in SOCKETS:
            for who in INTRODUCTIONS:
                came[f"{name} as {who}"] = await say(http, address, name, who)
        for method, path, body in REQUESTS:
            async with http.request(method, f"http://{address}{path}", json=body) as response:
                came[path] = response.status
    return came


async def at_the_children(pid: int, ports: list[int]) -> dict[str, Any]:
    """Try llama.cpp's own servers, each on a port of its own."""
    came: dict[str, Any] = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
        for port in ports:
            for path in ("/v1/models", "/props", "/slots", "/completion", "/v1/chat/completions"):
                url = f"http://127.0.0.1:{port}{path}"
                try:
                    async with http.post(url, json={"prompt": "a", "messages": []}) as response:
                        came[url] = response.status
                except (aiohttp.ClientError, TimeoutError) as error:
                    came[url] = type(error).__name__
    came["environment"] = attempt(Path(f"/proc/{pid}/environ"))
    came["command line"] = Path(f"/proc/{pid}/cmdline").read_text("utf-8")
    return came


def attempt(file: Path) -> str:
    """Read a file; returns what is in it, or why not."""
    try:
        return file.read_text("utf-8", "replace")
    except OSError as error:
        return type(error).__name__


def on_the_disk(announcement: Path, log: Path) -> dict[str, Any]:
    """Try to read and to replace what the engine writes."""
    came: dict[str, Any] = {"announcement": attempt(announcement), "log": attempt(log)}
    for name, act in (
        ("replace", lambda: announcement.write_text("{}")),
        ("remove", announcement.unlink),
        ("put beside", lambda: (announcement.parent / "engine-other.json").write_text("{}")),
        ("list", lambda: str(list(announcement.parent.iterdir()))),
    ):
        try:
            came[name] = f"done: {act()}"
        except OSError as error:
            came[name] = type(error).__name__
    return came


def main() -> None:
    """Try everything."""
    address, announcement, log, pid, *ports = sys.argv[1:]
    came = {"who": os.geteuid(), "host": socket.gethostname()}
    came |= asyncio.run(over_the_network(address))
    came |= asyncio.run(at_the_children(int(pid), [int(port) for port in ports]))
    came |= on_the_disk(Path(announcement), Path(log))
    sys.stdout.write(json.dumps(came))


if __name__ == "__main__":
    main()
