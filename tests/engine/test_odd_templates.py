"""Chat templates that are wrong, or never end: the model stays of use, and so does the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lms_jupyter.engine.errors import BadRequestError
from lms_jupyter.engine.templates.sandbox import PATIENCE_S, EndlessTemplateError, Templates

from .conftest import EngineProcess, start_engine
from .raw import introduced
from .synthetic import write_llm
from .tutor import config_of, saying

FOREVER = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
WRONG = {
    "syntax": "{% if %}{{",
    "filter": "{{ messages | nosuchfilter }}",
    "raises": "{{ raise_exception('never') }}",
    "endless": FOREVER,
    "counting": "{% for a in range(1000000000) %}{% endfor %}",
}
GOOD = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
HELLO = [{"role": "user", "content": "hello"}]


def _own(template: str) -> dict[str, Any]:
    value = {"type": "jinja", "jinjaPromptTemplate": {"template": template}, "stopStrings": []}
    return config_of(promptTemplate=value, maxPredictedTokens={"checked": True, "value": 2})


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("models")
    for name, template in WRONG.items():
        write_llm(folder / "a" / name / f"{name}.gguf", chat_template=template)
    write_llm(
        folder / "a" / "long" / "long.gguf", chat_template=GOOD + f"{{# {'x' * 1_000_000} #}}"
    )
    write_llm(folder / "a" / "good" / "good.gguf")
    engine = start_engine(folder, tmp_path_factory.mktemp("engine") / "log")
    yield engine
    assert engine.stop() == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("name", WRONG)
async def test_a_model_with_a_wrong_template_loads_and_says_so(
    odd: EngineProcess, name: str
) -> None:
    which = {"type": "query", "query": {"identifier": name}}
    async with (
        httpx.AsyncClient(base_url=f"http://{odd.address}", timeout=60) as http,
        introduced(odd.address, "llm") as raw,
    ):
        loading = await raw.open("loadModel", modelKey=name, identifier=name)
        _, last = await raw.end(loading)
        assert last["type"] == "channelClose", last

        text = await http.post(
            "/v1/completions", json={"model": name, "prompt": "a", "max_tokens": 1}
        )
        assert text.status_code == 200, text.text
        for path, more in (
            ("/v1/chat/completions", {"messages": HELLO}),
            ("/api/v0/chat/completions", {"messages": HELLO}),
            ("/v1/messages", {"messages": HELLO, "max_tokens": 2}),
            ("/v1/responses", {"input": "hello"}),
            ("/api/v1/chat", {"input": "hello"}),
        ):
            refused = await http.post(path, json={"model": name} | more)
            assert refused.status_code == 400, refused.text
            assert f"The chat template of '{name}' cannot be used" in refused.text

        own = await raw.open(
            "predict",
            modelSpecifier=which,
            history=saying("hello"),
            predictionConfigStack=_own(GOOD),
        )
        packets, last = await raw.end(own)
        assert packets[-1]["type"] == "success", last
        await raw.call("unloadModel", identifier=name)
    # The log is written by a thread, which the calls since have let run.
    assert f"the chat template of {name} cannot be used" in odd.log.read_text()


@pytest.mark.asyncio
async def test_a_template_of_a_megabyte_is_used(odd: EngineProcess) -> None:
    async with httpx.AsyncClient(base_url=f"http://{odd.address}", timeout=60) as http:
        body = {"model": "long", "messages": HELLO, "max_tokens": 2}
        answer = await http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.asyncio
async def test_six_endless_templates_at_once_are_given_up_and_others_served(
    odd: EngineProcess,
) -> None:
    which = {"type": "query", "query": {"identifier": "good"}}

    async def predict(number: int) -> dict[str, Any]:
        async with introduced(odd.address, "llm", clientIdentifier=f"c{number}") as raw:
            channel = await raw.open(
                "predict",
                modelSpecifier=which,
                history=saying("hello"),
                predictionConfigStack=_own(FOREVER),
            )
            last: dict[str, Any] = await raw.socket.receive_json(timeout=PATIENCE_S)
            assert last["channelId"] == channel
            return last

    async with httpx.AsyncClient(base_url=f"http://{odd.address}", timeout=60) as http:
        body = {"model": "good", "prompt": "a", "max_tokens": 1}
        assert (await http.post("/v1/completions", json=body)).status_code == 200
        stuck = [asyncio.create_task(predict(number)) for number in range(6)]
        assert (await http.get("/api/v1/models")).status_code == 200
        ends = await asyncio.gather(*stuck)
        assert (await http.post("/v1/completions", json=body)).status_code == 200
    assert {last["error"]["errorData"]["code"] for last in ends} == {"endless_template"}


@pytest.mark.asyncio
async def test_the_engine_hears_that_it_is_to_end_while_templates_do_not(tmp_path: Path) -> None:
    write_llm(tmp_path / "a" / "good" / "good.gguf")
    engine = start_engine(tmp_path, tmp_path / "log")
    which = {"type": "query", "query": {"identifier": "good"}}
    async with introduced(engine.address, "llm") as raw:
        loading = await raw.open("loadModel", modelKey="good", identifier="good")
        await raw.end(loading)
        for _ in range(6):
            await raw.open(
                "predict",
                modelSpecifier=which,
                history=saying("hello"),
                predictionConfigStack=_own(FOREVER),
            )
        await raw.call("listLoaded")
        assert await asyncio.to_thread(engine.stop) == 0


# The process that renders


def _jinja(source: str) -> dict[str, Any]:
    return {"type": "jinja", "jinjaPromptTemplate": {"template": source}}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "source",
    [
        FOREVER,
        "{% for a in range(1000000000) %}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{% set ns = namespace(a='x') %}{% for i in range(60) %}{% set ns.a = ns.a ~ ns.a %}"
        "{% endfor %}{{ ns.a }}",
        "{{ 'x' * 100000000 }}",
    ],
)
async def test_a_template_without_end_is_given_up(source: str) -> None:
    with pytest.raises(EndlessTemplateError):
        await Templates().render(_jinja(source), HELLO)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "source",
    [
        "{% if %}",
        "{{ 1 / 0 }}",
        "{{ nothing.at.all }}",
        "{{ messages | nosuchfilter }}",
        "{{ raise_exception('no') }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ ''.__class__.__mro__ }}{{ ().__class__.__bases__[0].__subclasses__() }}",
        "{{ messages[5].content }}",
        "{% include 'x' %}",
    ],
)
async def test_a_template_that_is_wrong_is_the_clients_mistake(source: str) -> None:
    with pytest.raises(BadRequestError, match="The prompt template failed"):
        await Templates().render(_jinja(source), HELLO)


@pytest.mark.asyncio
async def test_a_template_sees_what_is_said() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    talk = [{"role": "user", "content": [{"type": "text", "text": "hö"}, image]}]

    assert await Templates().render(_jinja(GOOD), talk) == "user: hö\n"
