"""Weighs a real worker process that has loaded a model and worked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp

from lms_jupyter.engine.library.gguf import read_header
from lms_jupyter.engine.library.listing import model_type
from lms_jupyter.engine.worker.handle import WorkerHandle
from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.messages import Order, Placement


async def resident_bytes(
    file: Path, settings: LoadSettings, *, prompt: int, draft: Path | None = None
) -> int:
    """Load a model, let it read a prompt of that many tokens, and return what its worker holds."""
    header = read_header(file)
    context_length = header.architecture_integer("context_length") or 0
    settled = replace(settings, cpu_threads=1).settled(model_type(header), context_length)
    embeds = model_type(header) == "embedding"
    worker = await WorkerHandle.start(nice=0, log=lambda *_said: None)
    try:
        order = Order(
            identifier="weighed",
            api_key="secret",
            file=str(file),
            mmproj=None,
            draft_file=str(draft) if draft else None,
            size_bytes=header.file_bytes,
            embedding=embeds,
            placement=Placement(),
            settings=settled,
        )
        listening = await worker.load(order, lambda _fraction: None)
        path = "/v1/embeddings" if embeds else "/completion"
        tokens = [10 + number % 40 for number in range(prompt)]
        body = {"input": tokens} if embeds else {"prompt": tokens, "n_predict": 8}
        key = {"Authorization": f"Bearer {worker.api_key}"}
        async with (
            aiohttp.ClientSession(headers=key) as session,
            session.post(listening.address + path, json=body) as response,
        ):
            assert response.status == 200, await response.text()
        return worker.resident_bytes()
    finally:
        await worker.end()
