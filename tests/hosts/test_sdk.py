"""The SDK's host against the real engine: what every other layer relies on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import lmstudio
import pytest
import pytest_asyncio

from lms_jupyter.errors import (
    HostUnreachableError,
    InstanceExistsError,
    InstanceNotFoundError,
    LmsError,
    LoadFailedError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.base import Loaded, Loading, LoadOrigin
from lms_jupyter.hosts.handles import Handles
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance, LoadConfig
from tests.engine.synthetic import Shape, cut, write_llm
from tests.engines import engine

TUTOR = "tutor-1m"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    whole = write_llm(models / "tests" / "Broken-GGUF" / "Broken-F16.gguf", name="Broken")
    garbled = bytearray(whole.read_bytes())
    # The header stays readable; the first tensor's name does not.
    garbled[garbled.index(b"token_embd") + 2] = ord("x")
    whole.write_bytes(garbled)
    half = write_llm(models / "tests" / "Half-GGUF" / "Half-F16.gguf", shape=Shape(layers=4))
    cut(half, keep=0.5)
    with engine(tmp_path_factory.mktemp("engine"), "--models", str(models)) as address:
        yield address


@pytest_asyncio.fixture
async def host(address: str) -> AsyncIterator[SdkHost]:
    host = SdkHost(address)
    await host.connect()
    yield host
    for instance in (await host.poll()).instances:
        await host.unload(instance)
    await host.close()


ORIGIN = LoadOrigin(load_id="test-1")


async def loaded(host: SdkHost, model_key: str = TUTOR, **request: object) -> Instance:
    """Load to the end and return the instance."""
    asked = LoadRequest(model_key=model_key, **request)  # type: ignore[arg-type]
    async with aclosing(host.load(asked, ORIGIN)) as steps:
        async for step in steps:
            if isinstance(step, Loaded):
                return step.instance
    raise AssertionError("the load ended without an instance")


@pytest.mark.asyncio
async def test_the_engine_says_who_it_is_and_what_it_can_do(host: SdkHost, address: str) -> None:
    assert (host.info.name, host.info.address) == ("Embedded engine", address)
    assert {"activity", "ttl", "pin", "cancelLoad"} <= set(host.info.features)


@pytest.mark.asyncio
async def test_the_tutorial_models_are_listed_and_broken_files_are_not(host: SdkHost) -> None:
    models = {model.model_key: model for model in await host.models()}

    assert {TUTOR, "text-embedding-tutor-embed", "tutor-1m-vision"} <= set(models)
    assert "half" not in models
    assert models["text-embedding-tutor-embed"].kind == "embedding"
    assert models["tutor-1m-vision"].vision
    assert set(models[TUTOR].variants) == {f"{TUTOR}@{q}" for q in ("q8_0", "f16", "q4_0")}


@pytest.mark.asyncio
async def test_a_load_moves_forward_and_ends_with_the_instance(host: SdkHost) -> None:
    request = LoadRequest(model_key=TUTOR, identifier="chat", ttl_s=300)
    steps = [step async for step in host.load(request, ORIGIN)]

    fractions = [step.fraction for step in steps if isinstance(step, Loading)]
    assert fractions == sorted(fractions)
    assert isinstance(steps[-1], Loaded)
    (seen,) = (await host.poll()).instances
    assert (seen.identifier, seen.ttl_s, seen.status) == ("chat", 300.0, "idle")
    assert seen.idle_since is not None
    assert seen.memory_bytes is not None
    assert seen.instance_reference == steps[-1].instance.instance_reference


@pytest.mark.asyncio
async def test_a_taken_identifier_is_an_error_and_none_given_makes_another(host: SdkHost) -> None:
    await loaded(host)
    await loaded(host)

    with pytest.raises(InstanceExistsError, match=TUTOR):
        await loaded(host, identifier=TUTOR)

    names = [instance.identifier for instance in (await host.poll()).instances]
    assert names == [TUTOR, f"{TUTOR}:2"]


@pytest.mark.asyncio
async def test_an_unknown_key_is_an_error_that_names_what_there_is(host: SdkHost) -> None:
    with pytest.raises(ModelNotFoundError, match="'no-such-model'"):
        await loaded(host, "no-such-model")


@pytest.mark.asyncio
async def test_a_file_that_llama_cpp_cannot_read_fails_with_its_reason(host: SdkHost) -> None:
    await loaded(host)

    with pytest.raises(LoadFailedError, match="'broken' could not be loaded") as caught:
        await loaded(host, "broken")

    assert "tensor" in f"{caught.value.title} {caught.value.hint}".lower()
    assert [i.identifier for i in (await host.poll()).instances] == [TUTOR]


@pytest.mark.asyncio
async def test_closing_a_load_early_calls_it_off_on_the_host(host: SdkHost) -> None:
    request = LoadRequest(model_key=TUTOR)
    steps = host.load(request, ORIGIN)
    async for _step in steps:
        break
    await steps.aclose()  # type: ignore[attr-defined]

    sight = await host.poll()
    assert (sight.loads, sight.instances) == ((), ())


@pytest.mark.asyncio
async def test_unloading_what_is_gone_is_an_error(host: SdkHost) -> None:
    instance = await loaded(host)
    await host.unload(instance)

    with pytest.raises(InstanceNotFoundError, match=TUTOR):
        await host.unload(instance)


@pytest.mark.asyncio
async def test_ttl_and_pin_change_on_the_engine(host: SdkHost) -> None:
    instance = await loaded(host, ttl_s=60)

    await host.set_ttl(instance, 600)
    await host.pin(instance, pinned=True)

    (seen,) = (await host.poll()).instances
    assert (seen.ttl_s, seen.pinned) == (600.0, True)


@pytest.mark.asyncio
async def test_the_effective_config_is_read_back(host: SdkHost) -> None:
    instance = await loaded(host, config=LoadConfig(context_length=512, parallel=2))

    effective = await host.load_config(instance)

    assert (effective.context_length, effective.parallel) == (512, 2)
    assert instance.context_length == 512


@pytest.mark.asyncio
async def test_an_estimate_is_more_than_the_file(host: SdkHost) -> None:
    model = next(model for model in await host.models() if model.model_key == TUTOR)

    estimate = await host.estimate(model, LoadConfig(context_length=1024))

    assert estimate.total_bytes > model.size_bytes
    assert estimate.passes_guardrails


@pytest.mark.asyncio
async def test_hints_tell_what_another_client_does(host: SdkHost, address: str) -> None:
    seen: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()

    async def listen() -> None:
        async with aclosing(host.subscribe()) as hints:
            async for sight in hints:
                seen.put_nowait(tuple(i.identifier for i in sight.instances))

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        assert await seen.get() == ()
        async with lmstudio.AsyncClient(address) as client:
            await client.llm.load_new_instance(TUTOR, "theirs", ttl=60)
        while await seen.get() != ("theirs",):
            pass
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


@pytest.mark.asyncio
async def test_handles_are_the_sdks_own(host: SdkHost, address: str) -> None:
    chat, embed = await loaded(host), await loaded(host, "text-embedding-tutor-embed")
    handles = Handles()

    llm = handles.handle(address, chat)
    assert isinstance(llm, lmstudio.LLM)
    answer = await asyncio.to_thread(llm.respond, "What is a token?")
    embedding = handles.handle(address, embed)
    assert isinstance(embedding, lmstudio.EmbeddingModel)
    vector = await asyncio.to_thread(embedding.embed, "a small piece of text")

    assert "text" in str(answer)
    assert len(vector) > 10
    handles.close()


@pytest.mark.asyncio
async def test_a_host_that_dies_is_said_to_be_gone(tmp_path: Path) -> None:
    with engine(tmp_path) as address:
        host = SdkHost(address)
        await host.connect()
    with pytest.raises(HostUnreachableError):
        await host.poll()
    with pytest.raises(HostUnreachableError):
        await host.connect()
    await host.close()


@pytest.mark.asyncio
async def test_a_malformed_token_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(LmsError) as caught:
        await SdkHost(address, token="sk-secret").connect()  # noqa: S106 - no real one

    assert "secret" not in f"{caught.value.title}{caught.value.hint}"
