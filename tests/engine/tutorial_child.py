"""llama.cpp in a child process, asked over its own HTTP server, and the messages to ask it with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

CHILD = """
import json, os, sys
import xllamacpp

order = json.loads(sys.argv[1])
parameters = xllamacpp.CommonParams()
parameters.model.path = order["model"]
parameters.mmproj.path = order["projector"]
parameters.embedding = order["embedding"]
parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = order["context"]
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.n_parallel = 1
parameters.port = 0
parameters.cache_ram_mib = 0
parameters.warmup = parameters.fit_params = False
channel = os.fdopen(os.dup(1), "w")
server = xllamacpp.Server(parameters)
channel.write(server.listening_address + "\\n")
channel.flush()
sys.stdin.read()
"""


@dataclass
class Child:
    """One model in a process of its own, and the address of llama.cpp's server in it."""

    process: subprocess.Popen[str]
    address: str

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = HTTPConnection(self.address.removeprefix("http://"), timeout=30)
        try:
            connection.request("POST", path, json.dumps(body), {"Connection": "close"})
            answer = connection.getresponse()
            text = answer.read().decode()
            assert answer.status == 200, text
        finally:
            connection.close()
        reply: dict[str, Any] = json.loads(text)
        return reply

    def message(self, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The model's next message in a chat."""
        body = {"messages": messages, "temperature": 0, "max_tokens": 200, **more}
        [choice] = self.post("/v1/chat/completions", body)["choices"]
        message: dict[str, Any] = choice["message"]
        return message

    def answer(self, question: str, **more: Any) -> str:
        content = self.message(user(question), **more)["content"]
        assert isinstance(content, str)
        return content

    def vectors(self, texts: list[str]) -> list[list[float]]:
        data = self.post("/v1/embeddings", {"input": texts})["data"]
        return [one["embedding"] for one in data]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def start(model: Path, *, projector: Path | None = None, embedding: bool = False) -> Child:
    order = {
        "model": str(model),
        "projector": str(projector or ""),
        "embedding": embedding,
        "context": 256 if embedding else 2048,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "GOMP_SPINCOUNT": "1000", "GGML_NO_BACKTRACE": "1"},
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    if not address:
        _, log = process.communicate()
        raise AssertionError(log)
    return Child(process, address)


def user(content: str | Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def system(content: str) -> dict[str, Any]:
    return {"role": "system", "content": content}


def tool(name: str, description: str, /, **types: str) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": fields(**types)},
    }


def fields(**types: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in types.items()}
    return {"type": "object", "properties": properties, "required": list(types)}
