"""A model's process that is killed while it works, as by a system that has no memory left."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import lmstudio
import pytest

from lms_jupyter.engine.settings import SHIPPED_MODELS

from .conftest import EngineProcess, start_engine

LONG = {"type": "array", "items": {"type": "integer"}, "minItems": 5000}
CHAT = {
    "model": "tutor-1m",
    "messages": [{"role": "user", "content": "Hello."}],
    "max_tokens": 1900,
    "ignore_eos": True,
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    log = tmp_path_factory.mktemp("killed") / "log"
    started = start_engine(SHIPPED_MODELS, log, "--spares", "0")
    yield started
    started.stop()


def kill_workers(engine: EngineProcess) -> None:
    for child in engine.children:
        child.kill()


def test_an_sdk_is_told_what_became_of_the_model(engine: EngineProcess) -> None:
    with lmstudio.Client(engine.address) as client:
        model = client.llm.load_new_instance("tutor-1m", "killed")
        stream = model.respond_stream("Hello.", response_format=LONG)
        pieces = iter(stream)
        next(pieces)
        kill_workers(engine)
        list(pieces)

        assert stream.result().stats.stop_reason == "modelUnloaded"
        with pytest.raises(lmstudio.LMStudioServerError, match="No loaded model"):
            model.respond("Hello.")


@pytest.mark.parametrize("times", range(3))
def test_the_next_request_has_the_model_loaded_anew(engine: EngineProcess, times: int) -> None:
    with httpx.Client(base_url=f"http://{engine.address}/v1", timeout=60) as http:
        with http.stream("POST", "/chat/completions", json=CHAT | {"stream": True}) as stream:
            lines = stream.iter_lines()
            next(lines)
            kill_workers(engine)
            told = "".join(lines)
        after = http.post("/chat/completions", json=CHAT | {"max_tokens": 2})

    assert "was unloaded during the request" in told, times
    assert "payload" not in told
    assert after.status_code == 200, after.text
