"""Trains the vision model: a small encoder for pictures, and a copy of the chat model.

The encoder is the CLIP of llama.cpp with a two-layer projector. Pictures become sixteen vectors,
which stand in the chat where tokens stand otherwise.
"""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from lms_jupyter.engine.models.training.chat import batches, learning_rate
from lms_jupyter.engine.models.training.corpus_pictures import (
    Picture,
    picture_example,
)
from lms_jupyter.engine.models.training.export import write_chat_model, write_projector
from lms_jupyter.engine.models.training.network import Weights, embed, loss
from lms_jupyter.engine.models.training.shapes import EyeShape, Shape
from lms_jupyter.engine.models.training.template import MESSAGE_END, MESSAGE_START
from lms_jupyter.engine.models.training.tokenizer import vocabulary

STEPS = 600
NAME = "Tutor 1M Vision"
_BATCH_PICTURES = 48
_LEARNING_RATE = 1.5e-3
_TEXT_BATCH_TOKENS = 1024


def new_eye(shape: EyeShape, seed: int) -> Weights:
    """Random weights of the encoder and its projector, under the names of the GGUF file."""
    generator = torch.Generator().manual_seed(seed)

    def matrix(*sizes: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*sizes, generator=generator) * scale / math.sqrt(math.prod(sizes[1:]))

    def linear(name: str, rows: int, columns: int) -> Weights:
        return {f"{name}.weight": matrix(rows, columns), f"{name}.bias": torch.zeros(rows)}

    def norm(name: str) -> Weights:
        return {f"{name}.weight": torch.ones(shape.width), f"{name}.bias": torch.zeros(shape.width)}

    weights = {
        "v.patch_embd.weight": matrix(shape.width, 3, shape.patch, shape.patch),
        "v.position_embd.weight": torch.randn(shape.patches, shape.width, generator=generator)
        * 0.1,
        **norm("v.pre_ln"),
    }
    for layer in range(shape.layers):
        block = f"v.blk.{layer}."
        weights |= norm(block + "ln1") | norm(block + "ln2")
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            weights |= linear(block + name, shape.width, shape.width)
        weights |= linear(block + "ffn_up", shape.hidden, shape.width)
        weights |= linear(block + "ffn_down", shape.width, shape.hidden)
    weights |= norm("v.post_ln")
    weights |= linear("mm.0", shape.out, shape.width)
    weights |= linear("mm.2", shape.out, shape.out)
    return {name: weight.requires_grad_() for name, weight in weights.items()}


def look(eye: Weights, pictures: Tensor, shape: EyeShape) -> Tensor:
    """The vectors of pictures of (batch, 3, size, size) with values from -1 to 1."""

    def linear(x: Tensor, name: str) -> Tensor:
        return F.linear(x, eye[f"{name}.weight"], eye[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(
            x, (shape.width,), eye[f"{name}.weight"], eye[f"{name}.bias"], shape.epsilon
        )

    batch = pictures.shape[0]
    x = (
        F.conv2d(pictures, eye["v.patch_embd.weight"], stride=shape.patch)
        .flatten(2)
        .transpose(1, 2)
    )
    x = norm(x + eye["v.position_embd.weight"], "v.pre_ln")
    for layer in range(shape.layers - 1):
        block = f"v.blk.{layer}."
        normed = norm(x, block + "ln1")
        query, key, value = (
            linear(normed, block + name).view(batch, shape.patches, shape.heads, -1).transpose(1, 2)
            for name in ("attn_q", "attn_k", "attn_v")
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + linear(mixed.transpose(1, 2).reshape(x.shape), block + "attn_out")
        grown = F.gelu(linear(norm(x, block + "ln2"), block + "ffn_up"), approximate="tanh")
        x = x + linear(grown, block + "ffn_down")
    x = norm(x, "v.post_ln")
    return linear(F.gelu(linear(x, "mm.0"), approximate="tanh"), "mm.2")


def _tensor(pictures: list[Picture]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _picture_batch(
    rng: random.Random, tokenizer: Tokenizer, size: int, patches: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures, tokens with gaps for them, the mask of the gaps, and the targets."""
    pictures, rows, targets = [], [], []
    for _ in range(size):
        picture, question, answer = picture_example(rng)
        first = rng.random() < 0.5
        mark = "\n" if rng.random() < 0.5 else ""
        before = f"{MESSAGE_START}user\n" + ("" if first else question + mark)
        after = (mark + question if first else "") + f"{MESSAGE_END}\n{MESSAGE_START}assistant\n"
        prompt = [*tokenizer.encode(before).ids, *([-1] * patches), *tokenizer.encode(after).ids]
        reply = tokenizer.encode(answer + MESSAGE_END).ids
        pictures.append(picture)
        rows.append(prompt + reply[:-1])
        targets.append([-100] * (len(prompt) - 1) + reply)
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    wanted = torch.tensor([row + [-100] * (longest - len(row)) for row in targets])
    return _tensor(pictures), tokens.clamp(min=0), tokens < 0, wanted


def train(eye: Weights, weights: Weights, tokenizer: Tokenizer, seed: int, steps: int) -> None:
    """Train encoder and language model together; chats without pictures keep it from forgetting."""
    shape, eye_shape = Shape(), EyeShape()
    rng = random.Random(seed)
    texts = batches(tokenizer, seed + 1, _TEXT_BATCH_TOKENS)
    tool = torch.optim.AdamW(
        [
            {"params": list(eye.values()), "lr": _LEARNING_RATE},
            {"params": list(weights.values()), "lr": _LEARNING_RATE / 3},
        ],
        weight_decay=0.0,
    )
    rates = [group["lr"] for group in tool.param_groups]
    began, recent = time.monotonic(), 0.0
    for step in range(steps):
        for group, rate in zip(tool.param_groups, rates, strict=True):
            group["lr"] = rate * learning_rate(step, steps)
        pictures, tokens, gaps, wanted = _picture_batch(
            rng, tokenizer, _BATCH_PICTURES, eye_shape.patches
        )
        x = embed(weights, tokens)
        x = x.masked_scatter(gaps[..., None].expand_as(x), look(eye, pictures, eye_shape))
        text_tokens, text_targets = next(texts)
        with torch.autocast("cpu", torch.bfloat16):
            cost = loss(weights, x, wanted, shape)
            text_cost = loss(weights, embed(weights, text_tokens), text_targets, shape)
        (cost + text_cost).backward()
        torch.nn.utils.clip_grad_norm_([*eye.values(), *weights.values()], 1.0)
        tool.step()
        tool.zero_grad(set_to_none=True)
        recent = cost.item() if step == 0 else 0.95 * recent + 0.05 * cost.item()
        if step % 50 == 0 or step == steps - 1:
            print(
                f"step {step + 1}/{steps}  loss {recent:.3f}  {time.monotonic() - began:.0f} s",
                flush=True,
            )


def make_vision_model(
    out: Path, chat_weights: Weights, tokenizer: Tokenizer, seed: int, steps: int = STEPS
) -> None:
    """Train the vision model from a trained chat model and write its two files below `out`."""
    eye = new_eye(EyeShape(), seed)
    weights = {
        name: weight.detach().clone().requires_grad_() for name, weight in chat_weights.items()
    }
    train(eye, weights, tokenizer, seed, steps)
    write_chat_model(
        out,
        weights,
        Shape(),
        vocabulary(tokenizer),
        "Q4_0",
        name=NAME,
        text="A very small chat model: it names a picture's colour and guesses at its shapes.",
        tags=("image-text-to-text", "tutorial", "tool-use"),
    )
    write_projector(out, eye, EyeShape())
