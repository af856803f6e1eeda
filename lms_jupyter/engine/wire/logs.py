"""Log entries as `diagnostics.streamLogs` sends them."""

from __future__ import annotations

from typing import Any, assert_never

from lms_jupyter.engine.prediction.logs import EngineLine, Entry, Input, LlamaLine, Noted, Output
from lms_jupyter.engine.wire.predict import stats
from lms_jupyter.engine.wire.sdk import milliseconds


def log_packet(noted: Noted) -> dict[str, Any]:
    """Write one entry, with the time at which it was made."""
    log = {"timestamp": milliseconds(noted.at), "data": _data(noted.entry)}
    return {"type": "log", "log": log}


def _data(entry: Entry) -> dict[str, Any]:
    match entry:
        case Input(identifier, path, text):
            return {
                "type": "llm.prediction.input",
                "input": text,
                "modelPath": path,
                "modelIdentifier": identifier,
            }
        case Output(identifier, outcome):
            return {
                "type": "llm.prediction.output",
                "output": outcome.text,
                "stats": stats(outcome),
                "modelIdentifier": identifier,
            }
        case EngineLine(level, text):
            return {"type": "server.log", "level": level, "content": text}
        case LlamaLine(level, text, identifier, pid, version):
            line: dict[str, Any] = {
                "type": "runtime.log",
                "level": level,
                "message": text,
                "engineName": "llama.cpp",
                "engineVersion": version,
                "engineType": "llama.cpp",
                "pid": pid,
            }
            return line | ({"modelIdentifier": identifier} if identifier else {})
        case _:
            assert_never(entry)
