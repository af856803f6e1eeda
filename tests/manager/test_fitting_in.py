"""The longest context that fits, found by what the host reckons and held against what came."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from lms_jupyter.errors import CommandError, LoadFailedError
from lms_jupyter.hosts.base import Snapshot
from lms_jupyter.manager import Manager
from lms_jupyter.manager.config_diff import describe
from lms_jupyter.manager.fitting_in import Fitted, Room, proved, search
from lms_jupyter.manager.loading import carry_out
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import (
    Estimate,
    Instance,
    LoadConfig,
    Memory,
)
from lms_jupyter.protocol.shares import GpuShare
from tests.hosts.fake import FakeHost, fake_gpu

QWEN = "qwen/qwen3-4b"
WEIGHTS, TOKEN = 1_000_000, 1000
NOTHING = LoadConfig()


def reckoning(
    *, least: int = 0, guardrail: int | None = None
) -> tuple[Callable[[LoadConfig], Awaitable[Estimate]], list[LoadConfig]]:
    """Return a host's reckoning: a thousand bytes a token, half of it with a smaller cache."""
    asked: list[LoadConfig] = []

    async def ask(config: LoadConfig) -> Estimate:
        asked.append(config)
        each = TOKEN // 2 if config.k_cache_type == "q8_0" else TOKEN
        total = WEIGHTS + least + each * (config.context_length or 0)
        return Estimate(
            total_bytes=total,
            vram_bytes=round(total * (config.gpu or 0)),
            confidence="high",
            passes_guardrails=guardrail is None or total <= guardrail,
        )

    return ask, asked


async def found(room: Room, config: LoadConfig = NOTHING, most: int = 40_000) -> Fitted:
    ask, _ = reckoning()
    return await search(config, ask, room, most=most, subject="m")


@pytest.mark.asyncio
async def test_the_longest_context_is_found_to_the_cell() -> None:
    fitted = await found(Room(main_bytes=WEIGHTS + 10_000 * TOKEN))

    assert fitted.context_length == 10_000 // 256 * 256
    assert (fitted.limit, fitted.added) == ("main memory", ())
    assert fitted.estimate.total_bytes == WEIGHTS + TOKEN * fitted.context_length


@pytest.mark.asyncio
async def test_no_context_is_longer_than_the_model_s_own() -> None:
    fitted = await found(Room(main_bytes=10**12), most=40_001)

    assert (fitted.context_length, fitted.limit) == (40_001, "the model's maximum")


@pytest.mark.asyncio
async def test_few_questions_find_it() -> None:
    ask, asked = reckoning(guardrail=WEIGHTS + 77_777 * TOKEN)

    fitted = await search(LoadConfig(), ask, Room(), most=1_000_000, subject="m")

    assert (fitted.context_length, fitted.limit) == (77_568, "the host's guardrails")
    assert len(asked) <= 16


@pytest.mark.asyncio
async def test_a_smaller_cache_is_taken_only_where_the_context_would_be_short() -> None:
    fitted = await found(Room(main_bytes=WEIGHTS + 3000 * TOKEN))

    assert (fitted.context_length, fitted.added) == (5888, ("a q8_0 cache",))
    assert fitted.config.k_cache_type == fitted.config.v_cache_type == "q8_0"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "config", [LoadConfig(k_cache_type="f16"), LoadConfig(flash_attention=False)]
)
async def test_what_was_named_is_not_changed(config: LoadConfig) -> None:
    fitted = await found(Room(main_bytes=WEIGHTS + 3000 * TOKEN), config)

    assert replace(fitted.config, context_length=None) == config
    assert fitted.context_length == 2816


@pytest.mark.asyncio
async def test_then_fewer_layers_go_to_the_gpus() -> None:
    room = Room(main_bytes=10**12, gpu_bytes=WEIGHTS + 1000 * TOKEN, has_gpus=True)

    fitted = await found(room)

    assert fitted.config.gpu == 0.5
    assert fitted.added == ("a q8_0 cache", "50% of the layers on GPUs")
    assert fitted.limit == "the GPUs' memory"
    assert fitted.estimate.vram_bytes <= WEIGHTS + 1000 * TOKEN


@pytest.mark.asyncio
async def test_all_layers_are_on_the_gpus_as_long_as_that_fits() -> None:
    room = Room(main_bytes=10**12, gpu_bytes=WEIGHTS + 8192 * TOKEN, has_gpus=True)

    fitted = await found(room)

    assert (fitted.config.gpu, fitted.context_length, fitted.added) == (1.0, 8192, ())


@pytest.mark.asyncio
async def test_a_context_that_is_named_stays_and_the_cache_gives_way() -> None:
    fitted = await found(Room(main_bytes=WEIGHTS + 6000 * TOKEN), LoadConfig(context_length=8192))

    assert (fitted.context_length, fitted.added, fitted.limit) == (8192, ("a q8_0 cache",), None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("config", "says"),
    [
        (LoadConfig(context_length=20_000), "does not fit with 20,000 tokens"),
        (LoadConfig(), "does not fit even with 256 tokens: what ends first is main memory"),
    ],
)
async def test_what_does_not_fit_at_all_is_refused(config: LoadConfig, says: str) -> None:
    with pytest.raises(LoadFailedError, match=says):
        await found(Room(main_bytes=1000), config)


@pytest.mark.asyncio
async def test_a_load_gets_what_fits_and_is_held_against_it(
    manager: Manager, host: FakeHost
) -> None:
    size = host.disk[0].size_bytes
    host.machine = Memory(total_bytes=10 * size, available_bytes=4 * size)
    leave = 3 * size - 2048 * 10_000
    host.disk[0] = replace(host.disk[0], max_context_length=131_072)

    request = LoadRequest(model_key=QWEN, fit=f"leave={leave}B")
    result = await carry_out(request, manager)

    assert result.fitted is not None
    assert result.instance.context_length == result.fitted.context_length == 20_000 // 256 * 256
    assert host.requests[-1].config.context_length == result.instance.context_length
    assert host.requests[-1].fit is None
    assert result.fitted.limit == "main memory"


@pytest.mark.asyncio
async def test_what_the_host_gave_shorter_is_told(manager: Manager, host: FakeHost) -> None:
    host.ceiling = LoadConfig(context_length=2048)

    result = await carry_out(LoadRequest(model_key=QWEN, fit="max"), manager)

    assert describe(result.differences).startswith("context_length is 2048, not 40960")


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["ensure", "use"])
async def test_what_is_in_memory_already_is_used_as_it_is(
    manager: Manager, host: FakeHost, mode: LoadMode
) -> None:
    host.put(host.disk[0], identifier=QWEN)

    result = await carry_out(LoadRequest(model_key=QWEN, mode=mode, fit="max"), manager)

    assert (result.how, result.fitted) == ("used", None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fit", "says"), [("85%", "does not tell"), ("a lot", "write max, 85% or leave=4GB")]
)
async def test_what_cannot_be_carried_out_is_refused(
    manager: Manager, host: FakeHost, fit: str, says: str
) -> None:
    host.machine = None

    with pytest.raises(CommandError, match=says):
        await carry_out(LoadRequest(model_key=QWEN, fit=fit), manager)
    assert host.requests == []


@pytest.mark.asyncio
async def test_gpus_keep_free_as_much_as_main_memory(manager: Manager, host: FakeHost) -> None:
    size = host.disk[0].size_bytes
    gpu = fake_gpu(total_bytes=10 * size, available_bytes=2 * size)
    host.machine = Memory(total_bytes=100 * size, available_bytes=90 * size, gpus=(gpu,))
    host.disk[0] = replace(host.disk[0], max_context_length=131_072)

    result = await carry_out(LoadRequest(model_key=QWEN, fit="95%"), manager)

    assert result.fitted is not None
    assert result.fitted.room.gpu_bytes == pytest.approx(1.5 * size, abs=1)
    assert result.fitted.estimate.vram_bytes <= 1.5 * size


@pytest.mark.parametrize(
    ("held", "on_gpu", "is_kept"),
    [(100, 100, True), (103, 103, True), (104, 100, False), (100, 104, False), (None, 0, None)],
)
def test_what_it_really_takes_is_held_against_its_room(
    held: int | None,
    on_gpu: int,
    is_kept: bool | None,  # noqa: FBT001 - of a table
) -> None:
    there = GpuShare(gpu_id="CUDA0", memory_bytes=on_gpu)
    instance = Instance(
        identifier="m",
        instance_reference="r",
        model_key="m",
        kind="llm",
        display_name="M",
        path="m.gguf",
        context_length=512,
        max_context_length=512,
        size_bytes=1,
        memory_bytes=held,
        gpu_memory=(there,) if on_gpu else (),
    )
    fitted = Fitted(
        config=LoadConfig(context_length=512),
        limit=None,
        estimate=Estimate(total_bytes=1, vram_bytes=0, confidence="high", passes_guardrails=True),
        room=Room(main_bytes=100, gpu_bytes=100, has_gpus=True),
    )
    after = Snapshot(now=0.0, instances=(instance,), loads=(), memory=None)

    found = proved(fitted, replace(instance, memory_bytes=1), after)

    assert (found.held_bytes, found.is_kept) == (held, is_kept)
