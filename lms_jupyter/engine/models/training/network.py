"""A llama-style network as pure functions over a dictionary of weights.

The weights carry the names that they have in a GGUF file, so that saving them is a copy.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lms_jupyter.engine.models.training.shapes import Shape

Weights = dict[str, Tensor]


def new_weights(shape: Shape, seed: int) -> Weights:
    """Random weights, ready to be trained."""
    generator = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int, scale: float = 1.0) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * scale / math.sqrt(columns)

    shrink = 1 / math.sqrt(2 * shape.layers)
    weights = {
        "token_embd.weight": torch.randn(shape.vocabulary, shape.width, generator=generator) * 0.05
    }
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        weights[block + "attn_norm.weight"] = torch.ones(shape.width)
        for name in ("attn_q", "attn_k", "attn_v"):
            weights[f"{block}{name}.weight"] = matrix(shape.width, shape.width)
        weights[block + "attn_output.weight"] = matrix(shape.width, shape.width, shrink)
        weights[block + "ffn_norm.weight"] = torch.ones(shape.width)
        weights[block + "ffn_gate.weight"] = matrix(shape.hidden, shape.width)
        weights[block + "ffn_up.weight"] = matrix(shape.hidden, shape.width)
        weights[block + "ffn_down.weight"] = matrix(shape.width, shape.hidden, shrink)
    weights["output_norm.weight"] = torch.ones(shape.width)
    return {name: weight.requires_grad_() for name, weight in weights.items()}


def _norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight, epsilon)


def _rotations(length: int, shape: Shape) -> tuple[Tensor, Tensor]:
    size = shape.width // shape.heads
    frequencies = shape.rope_base ** (-torch.arange(0, size, 2) / size)
    angles = torch.arange(length)[:, None] * frequencies[None, :]
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn neighbouring pairs: the order that llama.cpp expects of this architecture."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), -1).flatten(-2)


def run(weights: Weights, x: Tensor, shape: Shape) -> Tensor:
    """The last hidden state for embedded tokens `x` of (batch, length, width)."""
    batch, length, width = x.shape
    cosines, sines = _rotations(length, shape)
    for layer in range(shape.layers):
        block = f"blk.{layer}."

        def heads(name: str, source: Tensor, block: str = block) -> Tensor:
            projected = F.linear(source, weights[f"{block}{name}.weight"])
            return projected.view(batch, length, shape.heads, -1).transpose(1, 2)

        normed = _norm(x, weights[block + "attn_norm.weight"], shape.epsilon)
        query = _rotate(heads("attn_q", normed), cosines, sines)
        key = _rotate(heads("attn_k", normed), cosines, sines)
        value = heads("attn_v", normed)
        with torch.autocast(
            "cpu", enabled=False
        ):  # in bfloat16 this step alone is three times slower
            mixed = F.scaled_dot_product_attention(
                query.float(), key.float(), value.float(), is_causal=True
            )
        x = x + F.linear(
            mixed.transpose(1, 2).reshape(batch, length, width),
            weights[block + "attn_output.weight"],
        )
        normed = _norm(x, weights[block + "ffn_norm.weight"], shape.epsilon)
        gate = F.silu(F.linear(normed, weights[block + "ffn_gate.weight"]))
        up = F.linear(normed, weights[block + "ffn_up.weight"])
        x = x + F.linear(gate * up, weights[block + "ffn_down.weight"])
    return _norm(x, weights["output_norm.weight"], shape.epsilon)


def embed(weights: Weights, tokens: Tensor) -> Tensor:
    """The embedded tokens."""
    return F.embedding(tokens, weights["token_embd.weight"])


def loss(weights: Weights, x: Tensor, targets: Tensor, shape: Shape) -> Tensor:
    """The mean cross-entropy of the targets; those that are negative do not count."""
    hidden = run(weights, x, shape).flatten(0, 1)
    wanted = targets.flatten()
    counted = wanted >= 0
    logits = F.linear(hidden[counted], weights["token_embd.weight"])
    return F.cross_entropy(logits.float(), wanted[counted])
