"""llama.cpp in process, without an engine: what the engine's figures are compared with.

As a program it loads one model the way the engine's children do, and answers one request a line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lms_jupyter.engine.worker.load_settings import LoadSettings
from lms_jupyter.engine.worker.main import _configure, _Parameters
from lms_jupyter.engine.worker.messages import Order, Placement, read_order, write_order
from lms_jupyter.engine.worker.priority import lower_priority

NICE = 10
"""How far the engine's children stand back by default; the reference has to do the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one streamed completion took."""

    first_s: float
    """Until the first piece of text."""
    total_s: float
    tokens: int

    @property
    def tokens_per_second(self) -> float:
        """The speed after the first token."""
        return (self.tokens - 1) / (self.total_s - self.first_s)


class Reference:
    """A process with one model in llama.cpp."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.load_s: float = self._read()["load_s"]

    def complete(self, prompt: str, tokens: int) -> Answer:
        """Continue a text, greedily."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"prompt": prompt, "n_predict": tokens}) + "\n")
        self._process.stdin.flush()
        return Answer(**self._read())

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def reference(file: Path, *, context: int = 2048) -> Iterator[Reference]:
    """Load a model in a process of its own."""
    order = write_order(order_for(file, context)).decode()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.reference", order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        yield Reference(process)
        assert process.stdin is not None
        process.stdin.close()


def order_for(file: Path, context: int) -> Order:
    """Say how the engine would load this file."""
    return Order(
        identifier="reference",
        api_key="x",
        file=str(file),
        mmproj=None,
        draft_file=None,
        size_bytes=file.stat().st_size,
        embedding=False,
        placement=Placement(),
        settings=replace(LoadSettings(), cpu_threads=1).settled("llm", context),
    )


def main() -> None:
    """Load what the first argument says, then answer the requests on stdin."""
    lower_priority(NICE)
    import xllamacpp  # noqa: PLC0415 - importing it is not what is measured

    order = read_order(sys.argv[1])
    begun = time.perf_counter()
    parameters = _Parameters(xllamacpp)
    _configure(parameters, order)
    server = xllamacpp.Server(parameters.native)
    print(json.dumps({"load_s": time.perf_counter() - begun}), flush=True)
    for line in sys.stdin:
        print(json.dumps(asdict(_complete(server, json.loads(line)))), flush=True)


def _complete(server: Any, request: dict[str, Any]) -> Answer:
    times: list[float] = []
    usage: dict[str, Any] = {}

    def hear(event: dict[str, Any]) -> None:
        times.append(time.perf_counter())
        usage.update(event.get("usage") or {})

    body = request | {"stream": True, "temperature": 0, "cache_prompt": True}
    begun = time.perf_counter()
    server.handle_completions(body | {"stream_options": {"include_usage": True}}, hear)
    return Answer(times[0] - begun, times[-1] - begun, usage["completion_tokens"])


if __name__ == "__main__":
    main()
