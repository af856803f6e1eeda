"""A `llama-server` program without an engine: what the engine's figures are compared with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import string
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.bench.reference import Answer

START_S = 300


@contextlib.asynccontextmanager
async def direct(program: Path, file: Path, *flags: str) -> AsyncIterator[str]:
    """Run the program with one model; yields its address once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    process = await asyncio.create_subprocess_exec(
        str(program),
        *("-m", str(file), "--host", host, "--port", port, *flags),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ,
    )
    try:
        await _answers(address, process)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answers(address: str, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(START_S):
        while process.returncode is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://{address}/health") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)
    raise RuntimeError("llama-server ended before it answered")


def prompt(tokens: int) -> str:
    """Return a text that nobody has sent before: each letter is a token."""
    return "".join(random.choices(string.ascii_lowercase, k=tokens))  # noqa: S311 - no secret


async def complete(address: str, model: str, text: str, tokens: int) -> Answer:
    """Continue a text, greedily, over the interface that both have."""
    body = {
        "model": model,
        "prompt": text,
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    begun = time.perf_counter()
    first = last = 0.0
    count = 0
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=START_S)) as session,
        session.post(f"http://{address}/v1/completions", json=body) as response,
    ):
        if response.status != 200:
            raise RuntimeError(await response.text())
        async for line in response.content:
            if line.startswith(b"data: {") and b'"text":' in line:
                last = time.perf_counter() - begun
                first = first or last
                count += 1
    return Answer(first, last, count)
