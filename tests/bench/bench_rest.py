"""What REST adds to llama.cpp, and how fast downloads are. Run: `python -m tests.bench.bench_rest`.

The same model is asked through the engine and directly, in turns.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from lms_jupyter.engine.app import running
from lms_jupyter.engine.downloads.downloads import Downloads
from lms_jupyter.engine.downloads.hub import Hub
from lms_jupyter.engine.settings import Settings
from lms_jupyter.engine.worker.handle import WorkerHandle
from tests.bench.figure import Figure, show
from tests.bench.reference import order_for
from tests.engine.flaky_hub import FlakyHub
from tests.engine.synthetic import Shape, write_llm

MODELS = {
    "tiny": Shape(),
    "60 MB": Shape(layers=8, width=512, heads=8, kv_heads=8, feed_forward=1408, vocabulary=8000),
}
TOKENS = 300
ROUNDS = 7


def figures() -> Iterator[Figure]:
    """Compare both ways for each model; then measure a download."""
    with tempfile.TemporaryDirectory() as temporary:
        for title, shape in MODELS.items():
            file = write_llm(Path(temporary) / title / "model.gguf", shape=shape)
            yield from asyncio.run(compare(title, file))
        yield asyncio.run(download(Path(temporary) / "downloads"))


async def compare(title: str, file: Path) -> list[Figure]:
    """Measure the first answer of a just-in-time load, and both ways' speed and first token."""
    settings = Settings(models=(file.parent,), spares=0)
    connector = aiohttp.TCPConnector(force_close=True)
    async with (
        running(settings) as (address, _),
        aiohttp.ClientSession(connector=connector) as http,
    ):
        begun = time.perf_counter()
        await ask(http, f"http://{address}", {}, tokens=1)
        loaded = 1e3 * (time.perf_counter() - begun)
        worker = await WorkerHandle.start(nice=10, log=lambda *_said: None)
        try:
            listening = await worker.load(order_for(file, 2048), lambda _fraction: None)
            key = {"Authorization": f"Bearer {worker.api_key}"}
            ways = {"REST": (f"http://{address}", {}), "llama.cpp": (listening.address, key)}
            figures: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, (url, headers) in ways.items():
                    figures[name].append(await ask(http, url, headers, tokens=TOKENS))
        finally:
            await worker.end()
    first, speed = ({n: statistics.median(f[i] for f in figures[n]) for n in ways} for i in (0, 1))
    return [
        Figure(f"first answer of a {title} model over REST, load included", loaded, "ms"),
        Figure("  directly from llama.cpp's server", speed["llama.cpp"], "tokens/s"),
        Figure("  ratio over REST", speed["REST"] / speed["llama.cpp"]),
        Figure("  first token later by", 1e3 * (first["REST"] - first["llama.cpp"]), "ms"),
    ]


async def ask(
    http: aiohttp.ClientSession, url: str, headers: dict[str, str], *, tokens: int
) -> tuple[float, float]:
    """Return the seconds to the first token and the tokens per second of a streamed chat."""
    body = {
        "model": "model",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": tokens,
        "ignore_eos": True,
        "stream": True,
    }
    begun = time.perf_counter()
    first = 0.0
    count = 0
    async with http.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        async for line in answer.content:
            if b'"delta":{"content"' in line:
                first = first or time.perf_counter() - begun
                count += 1
    return first, count / (time.perf_counter() - begun)


async def download(folder: Path) -> Figure:
    """Measure how fast a file comes from a source on this machine, its hash included."""
    async with FlakyHub({"big-Q8_0.gguf": bytes(200_000_000)}).serve() as source:
        downloads = Downloads(folder, Hub(source.endpoint))
        begun = time.perf_counter()
        job = await downloads.start("a/tiny-GGUF")
        async for _ in downloads.watch(job):
            pass
        seconds = time.perf_counter() - begun
        assert job.error is None
        await downloads.close()
    return Figure("download of 200 MB, checked and synced", 200 / seconds, "MB/s")


if __name__ == "__main__":
    show(figures())
