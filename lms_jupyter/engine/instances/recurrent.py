"""Which layers keep a state instead of a cache, and how large it is. Pure.

A state does not grow with the context: llama.cpp keeps one for each session
(`llama-memory-recurrent.cpp`). Hybrid models have layers of both kinds.
"""

from __future__ import annotations

from typing import Final

from lms_jupyter.engine.library.gguf_header import GgufHeader

STATE_ONLY: Final = frozenset({"arwkv7", "mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7"})
_BOTH: Final = frozenset({"falcon-h1"})
"""Every layer keeps a state and a cache."""
_WITHOUT_HEADS: Final = frozenset(
    {
        "bailingmoe3",
        "glm5-next",
        "granitehybrid",
        "jamba",
        "kimi-k3",
        "kimi-linear",
        "lfm2",
        "lfm2moe",
        "nemotron_h",
        "nemotron_h_moe",
        "plamo2",
    }
)
"""The layers without heads that see keep a state."""
_AT_INTERVALS: Final = {"minimax-01": 8, "qwen35": 4, "qwen35moe": 4, "qwen3next": 4, "qwen4exp": 4}
"""One layer of so many sees everything, the last of each; the file may say it otherwise."""
_FED_FORWARD: Final = frozenset({"nemotron_h", "nemotron_h_moe"})
"""Layers that only feed forward keep nothing."""

NUMBER_BYTES: Final = 4
_SHIFTS: Final = 2


def keeps_states(header: GgufHeader) -> bool:
    """Whether any layer keeps a state."""
    family = header.architecture
    return (
        family in STATE_ONLY or family in _BOTH or family in _WITHOUT_HEADS
    ) or family in _AT_INTERVALS


def stateful_layers(header: GgufHeader, layers: int) -> tuple[bool, ...]:
    """Say of each layer whether it keeps a state."""
    family = header.architecture or ""
    if family in STATE_ONLY or family in _BOTH:
        return (True,) * layers
    if family in _WITHOUT_HEADS:
        feeds = _listed(header, "feed_forward_length", layers)
        sees = _listed(header, "attention.head_count_kv", layers)
        only_feeds = family in _FED_FORWARD
        return tuple(
            not heads and not (only_feeds and feed) for heads, feed in zip(sees, feeds, strict=True)
        )
    if family in _AT_INTERVALS:
        listed = header.of_architecture("attention.recurrent_layers")
        if isinstance(listed, tuple):
            return tuple(layer < len(listed) and bool(listed[layer]) for layer in range(layers))
        every = header.architecture_integer("full_attention_interval") or _AT_INTERVALS[family]
        return tuple((layer + 1) % every != 0 for layer in range(layers))
    return (False,) * layers


def seeing_layers(header: GgufHeader, layers: int) -> tuple[bool, ...]:
    """Say of each layer whether it keeps a cache of what it has seen."""
    family = header.architecture
    if family in STATE_ONLY:
        return (False,) * layers
    if family in _BOTH:
        return (True,) * layers
    if family in _FED_FORWARD:
        return tuple(bool(count) for count in _listed(header, "attention.head_count_kv", layers))
    return tuple(not layer for layer in stateful_layers(header, layers))


def state_bytes(header: GgufHeader) -> int:
    """Return what a layer keeps for one session."""

    def figure(key: str, default: int = 0) -> int:
        return max(0, header.architecture_integer(key) or default)

    width = figure("embedding_length")
    if figure("wkv.head_size"):
        shifts = figure("token_shift_count", _SHIFTS)
        return NUMBER_BYTES * width * (shifts + figure("wkv.head_size"))
    if figure("shortconv.l_cache"):
        return NUMBER_BYTES * width * (figure("shortconv.l_cache") - 1)
    inner, state, kernel = (
        figure("ssm.inner_size"),
        figure("ssm.state_size"),
        figure("ssm.conv_kernel"),
    )
    head = figure("kda.head_dim")
    if head:
        heads = max(_listed(header, "attention.head_count", 1))
        return NUMBER_BYTES * heads * head * (3 * ((kernel or 4) - 1) + head)
    convolved = max(0, kernel - 1) * (inner + 2 * figure("ssm.group_count") * state)
    return NUMBER_BYTES * (convolved + state * inner)


def _listed(header: GgufHeader, key: str, layers: int) -> tuple[int, ...]:
    """Return a number for each layer, where a file may say one for all."""
    value = header.of_architecture(key)
    if isinstance(value, tuple):
        numbers = tuple(count if isinstance(count, int) else 0 for count in value[:layers])
        return numbers + (0,) * (layers - len(numbers))
    return (value if isinstance(value, int) else 0,) * layers
