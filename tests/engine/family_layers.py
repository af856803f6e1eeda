"""Which tensors the models of many families have, layer by layer, and what their files say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

Tensor: TypeAlias = tuple[str, tuple[int, ...], bool]
"""Its name, its dimensions in llama.cpp's order, and whether it is a matrix to be quantized."""
Said: TypeAlias = "int | float | bool | list[int] | list[bool]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a model is; what a family does not have is left out."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head: int
    feed_forward: int
    vocabulary: int = 4096
    context: int = 131_072
    window: int = 0
    experts: int = 0
    used: int = 0
    expert_width: int = 0
    shared_width: int = 0
    inner: int = 0
    state: int = 0
    groups: int = 0
    time_steps: int = 0
    latent: int = 0
    rope: int = 0
    """Of a head that is otherwise made of the latent, how much knows its place."""
    query_latent: int = 0
    full_every: int = 0
    """Which layers see everything, where the others are recurrent."""
    dense_first: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """How a family's files are made."""

    said: Callable[[Size], dict[str, Said]]
    layer: Callable[[Size, int], Iterator[Tensor]]
    tied: bool = True
    """Whether the output is made with the input's matrix."""
    embeds: bool = False
    places: bool = False
    """Whether the file has a vector for every place in a text."""
    last_norm: str = "output_norm"


def tensors(family: Family, size: Size) -> Iterator[Tensor]:
    yield "token_embd.weight", (size.width, size.vocabulary), True
    if not family.embeds:
        yield f"{family.last_norm}.weight", (size.width,), False
        if not family.tied:
            yield "output.weight", (size.width, size.vocabulary), True
    else:
        if family.places:
            yield "position_embd.weight", (size.width, size.context), False
        yield "token_types.weight", (size.width, 2), False
        yield "token_embd_norm.weight", (size.width,), False
        yield "token_embd_norm.bias", (size.width,), False
    for layer in range(size.layers):
        for name, dimensions, is_matrix in family.layer(size, layer):
            yield f"blk.{layer}.{name}", dimensions, is_matrix


def _matrix(name: str, *dimensions: int) -> Tensor:
    return f"{name}.weight", dimensions, True


def _vector(name: str, *dimensions: int) -> Tensor:
    return name, dimensions, False


def _attention(size: Size, *, doubled: bool = False, bias: bool = False) -> Iterator[Tensor]:
    queries, keys = size.heads * size.head, size.kv_heads * size.head
    yield _matrix("attn_q", size.width, queries * (2 if doubled else 1))
    yield _matrix("attn_k", size.width, keys)
    yield _matrix("attn_v", size.width, keys)
    yield _matrix("attn_output", queries, size.width)
    if bias:
        for name, length in (("q", queries), ("k", keys), ("v", keys), ("output", size.width)):
            yield _vector(f"attn_{name}.bias", length)


def _norms(length: int, *names: str) -> Iterator[Tensor]:
    for name in names:
        yield _vector(f"{name}.weight", length)


def _feed_forward(size: Size, *, gate: bool = True) -> Iterator[Tensor]:
    if gate:
        yield _matrix("ffn_gate", size.width, size.feed_forward)
    yield _matrix("ffn_up", size.width, size.feed_forward)
    yield _matrix("ffn_down", size.feed_forward, size.width)


def _experts(size: Size) -> Iterator[Tensor]:
    yield _vector("ffn_gate_inp.weight", size.width, size.experts)
    yield _matrix("ffn_gate_exps", size.width, size.expert_width, size.experts)
    yield _matrix("ffn_up_exps", size.width, size.expert_width, size.experts)
    yield _matrix("ffn_down_exps", size.expert_width, size.width, size.experts)


def _shared(size: Size) -> Iterator[Tensor]:
    yield _matrix("ffn_gate_shexp", size.width, size.shared_width)
    yield _matrix("ffn_up_shexp", size.width, size.shared_width)
    yield _matrix("ffn_down_shexp", size.shared_width, size.width)


def llama(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    yield from _attention(size)
    yield from _feed_forward(size)


def qwen2(size: Size, layer: int) -> Iterator[Tensor]:
    yield from llama(size, layer)
    for name, heads in (("q", size.heads), ("k", size.kv_heads), ("v", size.kv_heads)):
        yield _vector(f"attn_{name}.bias", heads * size.head)


def qwen3(size: Size, layer: int) -> Iterator[Tensor]:
    yield from llama(size, layer)
    yield from _norms(size.head, "attn_q_norm", "attn_k_norm")


def phi3(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    yield _matrix("attn_qkv", size.width, (size.heads + 2 * size.kv_heads) * size.head)
    yield _matrix("attn_output", size.width, size.width)
    yield _matrix("ffn_up", size.width, 2 * size.feed_forward)
    yield _matrix("ffn_down", size.feed_forward, size.width)


def olmo2(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "post_attention_norm", "post_ffw_norm")
    yield from _norms(size.heads * size.head, "attn_q_norm")
    yield from _norms(size.kv_heads * size.head, "attn_k_norm")
    yield from _attention(size)
    yield from _feed_forward(size)


def gemma2(size: Size, layer: int) -> Iterator[Tensor]:
    yield from llama(size, layer)
    yield from _norms(size.width, "post_attention_norm", "post_ffw_norm")


def gemma3(size: Size, layer: int) -> Iterator[Tensor]:
    yield from gemma2(size, layer)
    yield from _norms(size.head, "attn_q_norm", "attn_k_norm")


def cohere2(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm")
    yield from _attention(size)
    yield from _feed_forward(size)


def gpt_oss(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "post_attention_norm")
    yield from _attention(size, bias=True)
    yield _vector("attn_sinks.weight", size.heads)
    yield from _experts(size)
    yield _vector("ffn_gate_inp.bias", size.experts)
    for name in ("gate", "up"):
        yield _vector(f"ffn_{name}_exps.bias", size.expert_width, size.experts)
    yield _vector("ffn_down_exps.bias", size.width, size.experts)


def llama4(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    yield from _attention(size)
    yield from _experts(size)
    yield from _shared(size)


def qwen3moe(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    yield from _norms(size.head, "attn_q_norm", "attn_k_norm")
    yield from _attention(size)
    yield from _experts(size)


def glm4moe(size: Size, layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "post_attention_norm")
    yield from _attention(size)
    if layer < size.dense_first:
        yield from _feed_forward(size)
        return
    yield from _experts(size)
    yield _vector("exp_probs_b.bias", size.experts)
    yield from _shared(size)


def deepseek2(size: Size, layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    yield from _norms(size.latent, "attn_kv_a_norm")
    head = size.head + size.rope
    if size.query_latent:
        yield from _norms(size.query_latent, "attn_q_a_norm")
        yield _matrix("attn_q_a", size.width, size.query_latent)
        yield _matrix("attn_q_b", size.query_latent, size.heads * head)
    else:
        yield _matrix("attn_q", size.width, size.heads * head)
    yield _matrix("attn_kv_a_mqa", size.width, size.latent + size.rope)
    yield _matrix("attn_k_b", size.head, size.latent, size.heads)
    yield _matrix("attn_v_b", size.latent, size.head, size.heads)
    yield _matrix("attn_output", size.heads * size.head, size.width)
    if layer < size.dense_first:
        yield from _feed_forward(size)
        return
    yield from _experts(size)
    yield from _shared(size)


def mamba(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm")
    yield _matrix("ssm_in", size.width, 2 * size.inner)
    yield _vector("ssm_conv1d.weight", 4, size.inner)
    yield _vector("ssm_conv1d.bias", size.inner)
    yield _matrix("ssm_x", size.inner, size.time_steps + 2 * size.state)
    yield _matrix("ssm_dt", size.time_steps, size.inner)
    yield _vector("ssm_dt.bias", size.inner)
    yield _vector("ssm_a", size.state, size.inner)
    yield _vector("ssm_d", size.inner)
    yield _matrix("ssm_out", size.inner, size.width)


def mamba2(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm")
    yield from _mixer(size)


def _mixer(size: Size) -> Iterator[Tensor]:
    convolved = size.inner + 2 * size.groups * size.state
    yield _matrix("ssm_in", size.width, size.inner + convolved + size.time_steps)
    yield _vector("ssm_conv1d.weight", 4, convolved)
    yield _vector("ssm_conv1d.bias", convolved)
    yield _vector("ssm_dt.bias", size.time_steps)
    yield _vector("ssm_a", 1, size.time_steps)
    yield _vector("ssm_d", 1, size.time_steps)
    yield _vector("ssm_norm.weight", size.inner // size.groups, size.groups)
    yield _matrix("ssm_out", size.inner, size.width)


def falcon_h1(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm")
    yield _vector("ffn_norm", size.width)
    yield from _attention(size)
    yield from _mixer(size)
    yield from _feed_forward(size)


def sees_all(size: Size, layer: int) -> bool:
    return (layer + 1) % size.full_every == 0


def granite_hybrid(size: Size, layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    yield from _attention(size) if sees_all(size, layer) else _mixer(size)
    if size.experts:
        yield from _experts(size)
        yield from _shared(size)
    else:
        yield from _feed_forward(size)


def lfm2(size: Size, layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "ffn_norm")
    if sees_all(size, layer):
        yield from _norms(size.head, "attn_q_norm", "attn_k_norm")
        yield from _attention(size)
    else:
        yield _vector("shortconv.conv.weight", 3, size.width)
        yield _matrix("shortconv.in_proj", size.width, 3 * size.width)
        yield _matrix("shortconv.out_proj", size.width, size.width)
    yield from _feed_forward(size)


def qwen3next(size: Size, layer: int) -> Iterator[Tensor]:
    yield from _norms(size.width, "attn_norm", "post_attention_norm")
    if sees_all(size, layer):
        yield from _norms(size.head, "attn_q_norm", "attn_k_norm")
        yield from _attention(size, doubled=True)
    else:
        keys, values = size.state * size.groups, size.state * size.time_steps
        yield _matrix("attn_qkv", size.width, 2 * keys + values)
        yield _matrix("attn_gate", size.width, values)
        yield _vector("ssm_conv1d.weight", 4, 2 * keys + values)
        yield _vector("ssm_dt.bias", size.time_steps)
        yield _vector("ssm_a", size.time_steps)
        yield _matrix("ssm_ba", size.width, 2 * size.time_steps)
        yield _vector("ssm_norm.weight", size.state)
        yield _matrix("ssm_out", values, size.width)
    yield from _experts(size)
    yield _vector("ffn_gate_inp_shexp.weight", size.width)
    yield from _shared(size)


def bert(size: Size, _layer: int) -> Iterator[Tensor]:
    yield from _attention(size, bias=True)
    yield from _feed_forward(size, gate=False)
    yield _vector("ffn_up.bias", size.feed_forward)
    yield _vector("ffn_down.bias", size.width)
    for name in ("attn_output_norm", "layer_output_norm"):
        yield _vector(f"{name}.weight", size.width)
        yield _vector(f"{name}.bias", size.width)


def nomic_bert(size: Size, _layer: int) -> Iterator[Tensor]:
    yield _matrix("attn_qkv", size.width, 3 * size.width)
    yield _matrix("attn_output", size.width, size.width)
    yield from _feed_forward(size)
    for name in ("attn_output_norm", "layer_output_norm"):
        yield _vector(f"{name}.weight", size.width)
        yield _vector(f"{name}.bias", size.width)
