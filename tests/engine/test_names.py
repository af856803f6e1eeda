"""Every form of a model's name is understood wherever a name is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import lmstudio
import pytest
from lmstudio import LMStudioModelNotFoundError, LMStudioServerError

from .conftest import EngineProcess, start_engine
from .synthetic import write_embedding, write_llm

LLM_NAMES = (
    "tiny-llm",
    "Tiny-LLM",
    "tiny-llm@q8_0",
    "acme/tiny-llm",
    "ACME/Tiny-LLM@Q8_0",
    "acme/tiny-llm-GGUF",
    "acme/tiny-llm-GGUF@q8_0",
    "acme/tiny-llm-GGUF/tiny-llm-Q8_0.gguf",
    "acme/tiny-llm-gguf/TINY-LLM-q8_0.gguf",
)
EMBEDDING_NAMES = (
    "text-embedding-tiny-embed",
    "tiny-embed",
    "acme/tiny-embed",
    "acme/text-embedding-tiny-embed",
    "acme/Tiny-Embed-GGUF",
    "acme/tiny-embed-GGUF/tiny-embed-F32.gguf",
)
NAMES = [*(("llm", name) for name in LLM_NAMES), *(("embedding", name) for name in EMBEDDING_NAMES)]
KEYS = {"llm": "tiny-llm", "embedding": "text-embedding-tiny-embed"}
CALLS: dict[str, Callable[[Any, str], Any]] = {
    "getModelInfo": lambda space, name: space.get_model_info(name).identifier,
    "getLoadConfig": lambda space, name: space._get_load_config(name),
    "getInstanceProcessingState": lambda space, name: space.remote_call(
        "getInstanceProcessingState", _Params(specifier=_query(name), throwIfNotFound=True)
    )["status"],
    "tokenize": lambda space, name: space._tokenize(name, "abc"),
    "countTokens": lambda space, name: space._count_tokens(name, "abc"),
    "estimateModelUsage": lambda space, name: space.remote_call(
        "estimateModelUsage", _Params(modelKey=name, loadConfigStack={"layers": []})
    )["passesGuardrails"],
}


class _Params(dict[str, Any]):
    """Parameters as the SDK wants them."""

    def to_dict(self) -> dict[str, Any]:
        return dict(self)


def _query(name: str) -> dict[str, Any]:
    return {"type": "query", "query": {"identifier": name}}


def _space(client: lmstudio.Client, domain: str) -> Any:
    return client.llm if domain == "llm" else client.embedding


@pytest.fixture
def http(engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{engine.address}", timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine on whose disk two publishers have models of one name."""
    folder = tmp_path_factory.mktemp("crowded")
    for publisher in ("acme", "other"):
        write_llm(folder / publisher / "same-GGUF" / "same-F16.gguf")
        write_embedding(folder / publisher / "near-GGUF" / "near-F32.gguf")
    write_llm(folder / "acme" / "twin-GGUF" / "twin-F16.gguf")
    write_embedding(folder / "acme" / "twin-embed-GGUF" / "twin-F32.gguf")
    running = start_engine(folder, folder / "log")
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize(("domain", "name"), NAMES)
def test_every_form_of_a_name_loads_the_model_and_unloads_it(
    client: lmstudio.Client, domain: str, name: str
) -> None:
    space = _space(client, domain)

    loaded = space.load_new_instance(name)

    assert loaded.identifier.partition("@")[0] == KEYS[domain]
    space.unload(name)
    assert space.list_loaded() == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("domain", KEYS)
def test_every_call_that_takes_an_instance_takes_every_form_of_its_name(
    client: lmstudio.Client, domain: str, call: str
) -> None:
    space = _space(client, domain)
    space.load_new_instance(KEYS[domain], "mine")
    names = ["mine", "MINE", *(name for where, name in NAMES if where == domain)]

    answers = [CALLS[call](space, name) for name in names]

    assert answers == [answers[0]] * len(names)


@pytest.mark.parametrize("domain", KEYS)
def test_what_is_loaded_is_got_by_every_form_of_its_name(
    client: lmstudio.Client, domain: str
) -> None:
    space = _space(client, domain)
    space.load_new_instance(KEYS[domain], "mine")

    assert {space.model(name).identifier for where, name in NAMES if where == domain} == {"mine"}


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/completions", {"prompt": "hi"}),
        ("/v1/responses", {"input": "hi", "max_output_tokens": 2}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/api/v0/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/api/v1/chat", {"input": "hi", "max_output_tokens": 2}),
    ],
)
def test_a_request_names_what_is_loaded_by_every_form_of_its_name(
    http: httpx.Client, client: lmstudio.Client, path: str, more: dict[str, Any]
) -> None:
    client.llm.load_new_instance("tiny-llm", "mine")
    limit = {} if "max_output_tokens" in more else {"max_tokens": 2}

    for name in ("mine", *LLM_NAMES):
        answer = http.post(path, json=more | limit | {"model": name})
        assert answer.status_code == 200, answer.text

    assert [one.identifier for one in client.llm.list_loaded()] == ["mine"]


@pytest.mark.parametrize("path", ["/v1/models/", "/api/v0/models/"])
def test_a_model_is_described_by_every_form_of_its_name(http: httpx.Client, path: str) -> None:
    for domain, name in NAMES:
        answer = http.get(path + name)
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"].partition("@")[0] == KEYS[domain]


def test_rest_loads_and_unloads_by_other_forms_of_a_name(http: httpx.Client) -> None:
    for name in ("acme/Tiny-LLM-GGUF", "acme/tiny-embed"):
        assert http.post("/api/v1/models/load", json={"model": name}).status_code == 200
        answer = http.post("/api/v1/models/unload", json={"instance_id": name})
        assert answer.json()["instance_id"] in KEYS.values()


def test_a_numbered_instance_is_named_with_its_publisher_too(client: lmstudio.Client) -> None:
    for _ in range(2):
        client.llm.load_new_instance("tiny-llm")

    named = [
        client.llm.get_model_info(name).identifier
        for name in ("tiny-llm", "tiny-llm:2", "acme/tiny-llm:2", "Acme/Tiny-LLM-GGUF:2")
    ]

    assert named == ["tiny-llm", *["tiny-llm:2"] * 3]


def test_the_model_of_an_instance_is_loaded_again_by_its_identifier(
    client: lmstudio.Client,
) -> None:
    client.llm.load_new_instance("tiny-llm", "mine")

    assert client.llm.load_new_instance("mine").identifier == "tiny-llm"


def test_ending_one_of_several_by_the_name_of_their_model_is_refused_with_their_names(
    client: lmstudio.Client,
) -> None:
    for identifier in ("a", "b"):
        client.llm.load_new_instance("tiny-llm", identifier)

    with pytest.raises(LMStudioServerError, match=r"'tiny-llm' can mean a, b"):
        client.llm.unload("tiny-llm")

    assert len(client.llm.list_loaded()) == 2
    assert client.llm.model("tiny-llm").identifier == "a"


def test_a_name_that_two_publishers_have_is_refused_with_both(crowded: EngineProcess) -> None:
    with lmstudio.Client(crowded.address) as client:
        for name in ("same", "Same@f16"):
            for get in (client.llm.load_new_instance, client.llm.model):
                with pytest.raises(LMStudioServerError, match="can mean acme/same, other/same"):
                    get(name)
        with pytest.raises(LMStudioServerError, match="acme/text-embedding-near"):
            client.embedding.load_new_instance("near")
        embedding = client.embedding.load_new_instance("acme/near")
        assert embedding.identifier == "acme/text-embedding-near"
        assert client.llm.load_new_instance("other/same").identifier == "other/same"
        assert client.llm.model("same").identifier == "other/same", "what is loaded is meant"


def test_a_loaded_model_of_the_other_type_does_not_hide_one_of_the_same_name(
    crowded: EngineProcess,
) -> None:
    with lmstudio.Client(crowded.address) as client:
        embedding = client.embedding.load_new_instance("twin")
        chat = client.llm.model("twin")
        again = client.embedding.model("twin")
    assert (embedding.identifier, chat.identifier) == ("text-embedding-twin", "twin")
    assert again.identifier == embedding.identifier


def test_what_is_no_name_stays_unknown(client: lmstudio.Client) -> None:
    client.llm.load_new_instance("tiny-llm")

    for name in ("tiny", "acme", "tiny-llm@q2_k", "acme/tiny-llm:7", "tiny-llm:", ":2", "/", "@"):
        with pytest.raises(LMStudioModelNotFoundError):
            client.llm.get_model_info(name)
        with pytest.raises(LMStudioServerError, match="No downloaded model has the key or path"):
            client.llm.load_new_instance(name)


def test_an_old_key_of_an_embedding_model_is_still_a_key(models: Path, http: httpx.Client) -> None:
    answer = http.post("/v1/embeddings", json={"model": "tiny-embed", "input": "one"})

    assert answer.status_code == 200, answer.text
    assert (models / "acme/tiny-embed-GGUF").is_dir()
    http.post("/api/v1/models/unload", json={"instance_id": "tiny-embed"})
