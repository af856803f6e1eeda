"""What was named is what is loaded, or it is said what came instead, and why."""

import pytest

from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.config_diff import describe, differences
from lms_jupyter.manager.former import remember
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import LoadConfig
from tests.hosts.fake import FakeHost, fake_model

QWEN = "qwen/qwen3-4b"
LONG = LoadConfig(context_length=8192)


@pytest.mark.asyncio
async def test_a_host_that_fits_by_itself_is_named(manager: Manager, host: FakeHost) -> None:
    host.ceiling = LoadConfig(context_length=2048, auto_fit=True)

    result = await carry_out(LoadRequest(model_key=QWEN, config=LONG), manager)

    assert describe(result.differences) == (
        "context_length is 2048, not 8192 (the host fitted it to its memory, autoFit)"
    )


@pytest.mark.asyncio
async def test_what_was_in_memory_already_is_compared_too(manager: Manager, host: FakeHost) -> None:
    host.put(host.disk[0], identifier="chat", config=LoadConfig(context_length=2048))

    result = await carry_out(LoadRequest(model_key="chat", mode="use", config=LONG), manager)
    plain = await carry_out(LoadRequest(model_key="chat", mode="use"), manager)

    assert result.how == "used"
    assert describe(result.differences) == (
        "context_length is 2048, not 8192 (it was in memory already)"
    )
    assert plain.differences == ()


def test_parts_of_a_context_are_explained() -> None:
    effective = LoadConfig(context_length=2048, parallel=4, use_unified_kv_cache=False)

    (found,) = differences(LONG, effective, "llm")

    assert found.why == "each of 4 parallel requests has a part of its own"


def test_an_embedding_model_has_fewer_settings() -> None:
    (found,) = differences(LoadConfig(parallel=4), LoadConfig(), "embedding")

    assert str(found) == (
        "parallel is not told by the host, not 4 (embedding models have no such setting)"
    )


def test_what_is_off_anyway_is_as_asked() -> None:
    off = LoadConfig(auto_fit=False, draft_mtp=False, draft_mtp_sidecar=False)

    assert differences(off, LoadConfig()) == ()
    assert len(differences(LoadConfig(auto_fit=True), LoadConfig())) == 1


@pytest.mark.asyncio
async def test_what_was_fitted_comes_back_as_it_was(manager: Manager, host: FakeHost) -> None:
    host.ceiling = LoadConfig(context_length=2048, auto_fit=True)
    first = await carry_out(LoadRequest(model_key=QWEN), manager)
    former = await remember(first.instance, manager.connected_host, manager.own)
    host.memory.clear()
    host.ceiling = LoadConfig()

    again = await carry_out(former.request("new"), manager)

    assert host.requests[-1].config == LoadConfig(context_length=2048, auto_fit=False)
    assert again.instance.context_length == 2048


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (LoadConfig(mlx_kv_cache_bits=4), "no setting mlx_kv_cache_bits .* it is for MLX models"),
        (LoadConfig(draft_mtp_sidecar=True), "draft_mtp_sidecar .* LM Studio alone knows it"),
        (LoadConfig(auto_fit=True), "auto_fit .* LM Studio alone knows it"),
    ],
)
async def test_what_the_host_does_not_know_is_named_and_nothing_is_loaded(
    manager: Manager, host: FakeHost, config: LoadConfig, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        await carry_out(LoadRequest(model_key=QWEN, config=config), manager)

    assert host.requests == []


@pytest.mark.asyncio
async def test_lm_studio_is_told_what_it_alone_knows() -> None:
    # Without the features of the embedded engine.
    studio = FakeHost(fake_model(), fake_model("mlx/qwen", format="safetensors"))

    async def find(_named: str) -> Found:
        return Found(host=studio, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    fitted = LoadConfig(auto_fit=True)
    mlx = LoadConfig(mlx_kv_cache_bits=4, auto_fit=True)

    await carry_out(LoadRequest(model_key=QWEN, config=fitted), manager)
    await carry_out(LoadRequest(model_key="mlx/qwen", config=mlx), manager)
    llama = LoadConfig(flash_attention=True)
    with pytest.raises(CommandError, match=r"flash_attention .* it is for GGUF models"):
        await carry_out(LoadRequest(model_key="mlx/qwen", config=llama), manager)

    assert [request.config for request in studio.requests] == [fitted, mlx]
    await manager.close()
