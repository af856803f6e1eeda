"""The longest context that fits: found by what the host reckons, before anything is loaded."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from lms_jupyter.errors import CommandError, LoadFailedError
from lms_jupyter.hosts.base import Host, Snapshot
from lms_jupyter.manager.resolve import Resolution
from lms_jupyter.protocol.fit import Fit, read_fit
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Estimate, Instance, LoadConfig, Memory

Limit = Literal["the model's maximum", "main memory", "the GPUs' memory", "the host's guardrails"]
Ask = Callable[[LoadConfig], Awaitable[Estimate]]

CELLS: Final = 256
"""llama.cpp rounds a context up to a multiple of this many tokens."""
ENOUGH: Final = 4096
"""A context that is worth a smaller cache, or a slower place, if it cannot be had otherwise."""
SMALLER_CACHE: Final = "q8_0"
GPU_SHARES: Final = (1.0, 0.75, 0.5, 0.25, 0.0)
ALMOST: Final = 1.03
"""How much more than its room a load may have taken and still have kept to it."""


class Room(Struct, frozen=True, kw_only=True):
    """What a load may take; `None`: as much as the host lets it take."""

    main_bytes: int | None = None
    gpu_bytes: int | None = None
    has_gpus: bool = False

    def limit(self, needed: Estimate) -> Limit | None:
        """Say what keeps a load from fitting; `None`: it fits."""
        main = needed.total_bytes - (needed.vram_bytes if self.has_gpus else 0)
        if self.main_bytes is not None and main > self.main_bytes:
            return "main memory"
        if self.gpu_bytes is not None and needed.vram_bytes > self.gpu_bytes:
            return "the GPUs' memory"
        return None if needed.passes_guardrails else "the host's guardrails"


class Fitted(Struct, frozen=True, kw_only=True):
    """What was found, and after the load what came of it."""

    config: LoadConfig
    """The settings with which it fits."""
    limit: Limit | None
    """What ends it there; `None`: the context was named."""
    estimate: Estimate
    room: Room
    added: tuple[str, ...] = ()
    """Settings that were chosen besides the context."""
    held_bytes: int | None = None
    """What the instance holds of main memory; `None`: the host does not tell."""
    is_kept: bool | None = None
    """Whether that leaves free what was to stay free; `None`: nobody can tell."""

    @property
    def context_length(self) -> int:
        """The context that was found, or named."""
        return self.config.context_length or 0


async def fit_in(
    request: LoadRequest, resolution: Resolution, host: Host
) -> tuple[LoadRequest, Fitted | None]:
    """Return the request with the context that fits, and how it was found.

    Raises:
        CommandError: It is written wrongly, or the host does not say how much memory there is.
        LoadFailedError: Nothing fits.
    """
    if request.fit is None:
        return request, None
    fit = _read(request.fit)
    model = resolution.model
    device = model.device if request.device is None else request.device or None
    # What is free on a linked device, the host does not tell.
    memory = (await host.poll()).memory if device is None else None
    if fit.keeps and memory is None:
        raise CommandError(
            f"{request.fit!r} needs to know how much memory is free, which this host does not "
            "tell.",
            hint="Write max: then the host's own guardrails set the limit.",
        )
    asked = replace(model, model_key=resolution.name, device=device)
    found = await search(
        request.config,
        lambda config: host.estimate(asked, config),
        _room(fit, memory),
        most=model.max_context_length,
        subject=resolution.name,
        may_quantize=model.kind == "llm",
    )
    return replace(request, config=found.config, fit=None), found


async def search(  # noqa: PLR0913 - all of it decides
    config: LoadConfig,
    ask: Ask,
    room: Room,
    *,
    most: int,
    subject: str,
    may_quantize: bool = True,
) -> Fitted:
    """Find the longest context, then the cache, then the part on GPUs with which a load fits.

    Args:
        config: What was named; none of it is changed.
        ask: What the host says that a load takes.
        room: What it may take.
        most: The longest context that the model has.
        subject: What the model is called.
        may_quantize: Whether its cache may be made smaller.

    Raises:
        LoadFailedError: Nothing fits.
    """
    named = config.context_length
    least = named or min(ENOUGH, most)
    best: Fitted | None = None
    reason: Limit | None = None
    for added, tried in _candidates(config, room, may_quantize=may_quantize):
        estimate = await ask(replace(tried, context_length=least))
        reason = room.limit(estimate)
        if reason is not None and (named is not None or best is not None):
            continue
        if named is not None:
            config = replace(tried, context_length=named)
            return Fitted(config=config, limit=None, estimate=estimate, room=room, added=added)
        longest = await _longest(tried, ask, room, least if reason else most)
        if longest is not None:
            best = best or replace(longest, added=added)
        if reason is None and longest is not None:
            return replace(longest, added=added)
    if best is not None:
        return best
    context = f"with {named:,} tokens" if named else f"even with {CELLS} tokens"
    raise LoadFailedError(
        f"{subject!r} does not fit {context}: what ends first is {reason}.",
        hint="Leave less free, unload something, or take a smaller variant.",
    )


async def _longest(tried: LoadConfig, ask: Ask, room: Room, most: int) -> Fitted | None:
    """Find the longest context up to `most` by halving; `None` if none fits."""
    estimate = await ask(replace(tried, context_length=most))
    limit = room.limit(estimate)
    if limit is None:
        config = replace(tried, context_length=most)
        return Fitted(config=config, limit="the model's maximum", estimate=estimate, room=room)
    low, high, best = 0, most // CELLS + 1, None
    while high - low > 1:
        middle = (low + high) // 2
        estimate = await ask(replace(tried, context_length=middle * CELLS))
        here = room.limit(estimate)
        if here is None:
            low, best = middle, estimate
        else:
            high, limit = middle, here
    if best is None:
        return None
    config = replace(tried, context_length=low * CELLS)
    return Fitted(config=config, limit=limit, estimate=best, room=room)


def _candidates(
    config: LoadConfig, room: Room, *, may_quantize: bool
) -> Iterator[tuple[tuple[str, ...], LoadConfig]]:
    """Yield what may be tried, the best first, and what of it is our choice."""
    shares: tuple[float | None, ...] = (config.gpu,)
    if room.has_gpus and config.gpu is None:
        shares = GPU_SHARES
    untouched = config.k_cache_type is None and config.v_cache_type is None
    quantizes = may_quantize and untouched and config.flash_attention is not False
    smaller = replace(config, k_cache_type=SMALLER_CACHE, v_cache_type=SMALLER_CACHE)
    for number, share in enumerate(shares):
        placed = () if share in (config.gpu, 1) else (f"{share:.0%} of the layers on GPUs",)
        if number == 0 or not quantizes:
            yield placed, replace(config, gpu=share)
        if quantizes:
            yield (f"a {SMALLER_CACHE} cache", *placed), replace(smaller, gpu=share)


def proved(fitted: Fitted, instance: Instance, after: Snapshot) -> Fitted:
    """Return what was found with what the instance really takes."""
    now = next(
        (row for row in after.instances if row.instance_reference == instance.instance_reference),
        instance,
    )
    held = now.memory_bytes
    room = fitted.room
    checks = []
    if room.main_bytes is not None and held is not None:
        checks.append(held <= ALMOST * room.main_bytes)
    if room.gpu_bytes is not None and now.gpu_memory:
        checks.append(
            sum(share.memory_bytes for share in now.gpu_memory) <= ALMOST * room.gpu_bytes
        )
    if now.context_length < fitted.context_length:
        checks.append(False)
    return replace(fitted, held_bytes=held, is_kept=all(checks) if checks else None)


def _read(text: str) -> Fit:
    try:
        return read_fit(text)
    except ValueError as error:
        raise CommandError(f"{error}.") from None


def _room(fit: Fit, memory: Memory | None) -> Room:
    if memory is None:
        return Room()
    on_gpus = None
    if memory.gpus:
        on_gpus = sum(
            max(0, gpu.available_bytes - fit.free_bytes(gpu.total_bytes)) for gpu in memory.gpus
        )
    return Room(
        main_bytes=max(0, memory.available_bytes - fit.free_bytes(memory.total_bytes)),
        gpu_bytes=on_gpus,
        has_gpus=bool(memory.gpus),
    )
