"""Requests that are wrong in any way: the client is told in its path's own form, and served on.

Every request is a valid one with a few changes from a seeded generator: another type, another text,
something missing, something too deep. None of that is a failure of the engine, so none is answered
as one, which clients would repeat.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from lms_jupyter.engine.settings import SHIPPED_MODELS

from . import schemas_rest as schemas
from .conftest import EngineProcess, start_engine
from .raw import Raw, introduced
from .sample_requests import CALLS, CHANNELS, HTTP

SEED = os.environ.get("LMS_JUPYTER_FUZZ_SEED", "12")
ROUNDS = int(os.environ.get("LMS_JUPYTER_FUZZ_ROUNDS", "25"))
FAILURES = {"internal_error", "inference_failed"}
HARMLESS = "download_failed"
"""There is no source of models here."""

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**25,
    -(2**63),
    0.5,
    1e308,
    -1e-308,
    "",
    "x",
    "0",
    "null",
    "\0",
    "a\u0300\u202e\U0001f600",
    "x" * 5000,
    "{",
    "[" * 3000,
    '{"a":' * 3000,
    "data:image/png;base64,",
    "data:image/png;base64,AAAA",
    "data:image/png;base64,!",
    "http://127.0.0.1:1/a.png",
    "../../etc/passwd",
    "%s%n{}",
    [],
    {},
    [None],
    [[]],
    [{}],
    [1, 2],
    ["x"],
    {"": None},
    {"type": "x"},
    {"type": None, "text": 5},
    {"type": "object", "properties": {"a": {"type": "nothing"}}},
    {"$ref": "#/nowhere"},
)


def changed(value: Any, chance: random.Random) -> Any:
    """Return a deep copy of `value` that differs in one to three places."""
    result = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(result))
        container, key = chance.choice(places)
        what = chance.randrange(5)
        if what == 0:
            del container[key]
        elif what == 1:
            container[key] = [container[key]]
        elif what == 2 and isinstance(container, dict):
            container[chance.choice(("x", "type", "content", "n", "n_probs"))] = _value(chance)
        else:
            container[key] = _value(chance)
        if not list(_places(result)):
            break
    return result


def _chance(number: int) -> random.Random:
    return random.Random(f"{SEED} {number}")  # noqa: S311 - what is drawn has to be the same again


def _value(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(VALUES))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        engine = start_engine(
            SHIPPED_MODELS,
            tmp_path_factory.mktemp("fuzz") / "log",
            "--downloads",
            str(tmp_path_factory.mktemp("downloads")),
        )
    yield engine
    assert engine.stop() == 0


@pytest.fixture(autouse=True)
def _nothing_failed(fuzzed: EngineProcess) -> Iterator[None]:
    """Look at the engine's log after each test: what is a mistake there stands there."""
    before = fuzzed.log.stat().st_size
    yield
    new = fuzzed.log.read_bytes()[before:].decode(errors="replace")
    assert "Traceback" not in new, new[-3000:]


@pytest.fixture(scope="module")
def http(fuzzed: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{fuzzed.address}", timeout=60) as client:
        yield client


def _form(path: str) -> Any:
    if path.startswith("/v1/messages"):
        return schemas.FailureAnthropic
    return schemas.FailureV1 if path.startswith("/api/v1") else schemas.FailureOpenAi


def _tell(path: str, content: bytes, answer: httpx.Response) -> str:
    return f"{path} answers {answer.status_code} {answer.text[:300]} to {content[:2000]!r}"


def _post(http: httpx.Client, path: str, content: bytes) -> None:
    """Send a request; whatever is wrong with it has to be told in the path's own form."""
    answer = http.post(path, content=content)
    if answer.status_code == 200:
        return
    told = _tell(path, content, answer)
    msgspec.json.decode(answer.content, type=_form(path)), told
    source_is_silent = HARMLESS in answer.text or "model source" in answer.text
    assert 400 <= answer.status_code < 500 or source_is_silent, told


@pytest.mark.parametrize("number", range(len(HTTP)), ids=[path for path, _ in HTTP])
def test_no_request_makes_the_engine_fail(http: httpx.Client, number: int) -> None:
    path, sample = HTTP[number]
    chance = _chance(number)
    good = http.post(path, json=sample)
    assert good.status_code in {200, 404, 500}, good.text

    for _ in range(ROUNDS):
        body = changed(sample, chance)
        if isinstance(body, dict) and chance.random() < 0.2:
            body["stream"] = True
        _post(http, path, json.dumps(body).encode())

    assert http.post(path, json=sample).status_code == good.status_code
    for model in http.get("/api/v1/models").json()["models"]:
        for instance in model["loaded_instances"]:
            http.post("/api/v1/models/unload", json={"instance_id": instance["id"]})


BODIES = {
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "text": b'"x"',
    "half": b'{"model": ',
    "what is no UTF-8": b'{"model": "\xff"}',
    "half a letter": b'{"model": "\\ud800"}',
    "NaN": b'{"model": "tutor-1m", "temperature": NaN}',
    "an endless number": b'{"model": "tutor-1m", "temperature": 1e999}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"model": "x"}'.encode("utf-16"),
    "deep lists": b'{"model": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "lists a little too deep": b'{"model": "tutor-1m", "x": ' + b"[" * 256 + b"]" * 256 + b"}",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_request_is_told_on_every_path(http: httpx.Client, body: str) -> None:
    for path in dict.fromkeys(path for path, _ in HTTP):
        answer = http.post(path, content=BODIES[body])
        msgspec.json.decode(answer.content, type=_form(path))
        assert answer.status_code == 400, _tell(path, BODIES[body], answer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_is_told_on_every_path(http: httpx.Client, method: str) -> None:
    for path in dict.fromkeys(path for path, _ in HTTP):
        answer = http.request(method, path)
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/models/tutor-1m", "/api/v0/models", "/api/v1/models"]
)
def test_the_head_of_what_can_be_got_can_be_asked_for(http: httpx.Client, path: str) -> None:
    assert http.head(path).status_code == http.get(path).status_code == 200
    assert not http.head(path).content


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "text/plain; charset=nothing"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "nothing"},
        {"Expect": "100-continue"},
        {"Accept": "nothing/x"},
    ],
)
def test_headers_are_no_failure(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.post("/v1/embeddings", content=b'{"input": "a"}', headers=headers)

    assert answer.status_code < 500, answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(len(CALLS)), ids=[name for _, name, _ in CALLS])
async def test_no_call_makes_the_engine_fail(fuzzed: EngineProcess, number: int) -> None:
    namespace, endpoint, sample = CALLS[number]
    chance = _chance(number)
    async with _loaded(fuzzed), introduced(fuzzed.address, namespace) as raw:
        for _ in range(ROUNDS):
            parameter = changed(sample, chance)
            answer = await _call(raw, endpoint, parameter)
            _check_told(endpoint, parameter, answer)
        await _call(raw, endpoint, sample)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(len(CHANNELS)), ids=[name for _, name, _ in CHANNELS])
async def test_no_channel_makes_the_engine_fail(fuzzed: EngineProcess, number: int) -> None:
    namespace, endpoint, sample = CHANNELS[number]
    chance = _chance(number)
    async with _loaded(fuzzed), introduced(fuzzed.address, namespace) as raw:
        for place in range(ROUNDS):
            parameter = changed(sample, chance)
            frame = {"type": "channelCreate", "endpoint": endpoint, "channelId": place}
            await raw.socket.send_json(frame | {"creationParameter": parameter})
            _, last = await raw.end(place)
            _check_told(endpoint, parameter, last)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["rpcCall", "channelCreate"])
async def test_a_frame_that_is_too_deep_is_answered(fuzzed: EngineProcess, kind: str) -> None:
    deep = "[" * 20_000 + "]" * 20_000
    call = kind == "rpcCall"
    number, what = ("callId", "parameter") if call else ("channelId", "creationParameter")
    frames = (
        f'{{"type":"{kind}","endpoint":"tokenize","{number}":7,"{what}":{deep}}}',
        f'{{"{what}":{deep},"type":"{kind}","endpoint":"tokenize","{number}":7}}',
        f'{{"type":"{kind}","{what}":{{"a":{deep}}},"endpoint":"tokenize","{number}":7}}',
    )
    async with introduced(fuzzed.address, "llm") as raw:
        for frame in frames:
            await raw.socket.send_str(frame)
            answer = await raw.read()
            assert answer[number] == 7
            assert answer["error"]["errorData"]["code"] == "nested_too_deep"
        await raw.socket.send_str(deep)
        assert (await raw.read())["type"] == "communicationWarning"
        assert await raw.call("listLoaded") is not None


def _loaded(engine: EngineProcess) -> Any:
    """Have the two models that the samples speak of."""
    return _Loaded(engine)


class _Loaded:
    def __init__(self, engine: EngineProcess) -> None:
        self._engine = engine

    async def __aenter__(self) -> None:
        async with httpx.AsyncClient(base_url=f"http://{self._engine.address}") as http:
            chat = {"model": "tutor-1m", "prompt": "a", "max_tokens": 1}
            assert (await http.post("/v1/completions", json=chat)).status_code == 200
            embedding = {"model": "tutor-embed", "input": "a"}
            assert (await http.post("/v1/embeddings", json=embedding)).status_code == 200

    async def __aexit__(self, *_: object) -> None:
        pass


async def _call(raw: Raw, endpoint: str, parameter: Any) -> dict[str, Any]:
    frame = {"type": "rpcCall", "endpoint": endpoint, "callId": 1, "parameter": parameter}
    await raw.socket.send_json(frame)
    answer = await raw.read()
    assert answer["callId"] == 1, answer
    return answer


def _check_told(endpoint: str, parameter: Any, last: dict[str, Any]) -> None:
    code = (last.get("error") or {}).get("errorData", {}).get("code")
    assert code not in FAILURES, f"{endpoint}: {last} to {json.dumps(parameter)[:2000]}"
