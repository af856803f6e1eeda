"""Trains the chat model and writes it in three quantisations."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from lms_jupyter.engine.models.training.corpus import Chat, chats
from lms_jupyter.engine.models.training.export import QUANTISATIONS, write_chat_model
from lms_jupyter.engine.models.training.network import Weights, embed, loss, new_weights
from lms_jupyter.engine.models.training.shapes import Shape
from lms_jupyter.engine.models.training.template import pieces
from lms_jupyter.engine.models.training.tokenizer import train_tokenizer, vocabulary

BATCH_TOKENS = 2048
LONGEST_CHAT = 640
_POOL_CHATS = 512
_LEARNING_RATE = 4e-3
_WARM_UP_STEPS = 100


@dataclass(frozen=True, slots=True)
class Round:
    """One round of training: from a share of the usual rate down to almost nothing."""

    steps: int
    share: float
    copying: bool


FIRST_ROUND = Round(steps=3000, share=1.0, copying=False)
LATER_ROUNDS = (
    Round(steps=1400, share=0.6, copying=True),
    Round(steps=900, share=0.4, copying=False),
)
"""Practice in copying names, words and numbers exactly, and then everything once more, slowly."""


def encode(chat: Chat, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The tokens of a chat, and for each the next one, or -100 where the model need not know it."""
    tokens: list[int] = []
    learned: list[bool] = []
    for text, learn in pieces(chat):
        ids = tokenizer.encode(text).ids
        tokens += ids
        learned += [learn] * len(ids)
    targets = [
        token if learn else -100 for token, learn in zip(tokens[1:], learned[1:], strict=True)
    ]
    return tokens[:-1], targets


def _pad(rows: list[list[int]], filler: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def batches(
    tokenizer: Tokenizer,
    seed: int,
    batch_tokens: int = BATCH_TOKENS,
    *,
    copying: bool = False,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of chats of similar length, about `batch_tokens` tokens each, without end."""
    rng = random.Random(seed)
    source = chats(rng, copying=copying)
    while True:
        pool = [encode(next(source), tokenizer) for _ in range(_POOL_CHATS)]
        pool = sorted(
            (pair for pair in pool if len(pair[0]) <= LONGEST_CHAT), key=lambda pair: len(pair[0])
        )
        groups: list[list[tuple[list[int], list[int]]]] = [[]]
        for pair in pool:
            if (len(groups[-1]) + 1) * len(pair[0]) > batch_tokens and groups[-1]:
                groups.append([])
            groups[-1].append(pair)
        rng.shuffle(groups)
        for group in groups:
            yield (
                _pad([tokens for tokens, _ in group], 0),
                _pad([targets for _, targets in group], -100),
            )


def learning_rate(step: int, steps: int) -> float:
    """The share of the full rate at a step: a short rise, then a long fall to almost nothing."""
    if step < _WARM_UP_STEPS:
        return (step + 1) / _WARM_UP_STEPS
    done = (step - _WARM_UP_STEPS) / max(1, steps - _WARM_UP_STEPS)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


def optimizers(weights: Weights, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for the embeddings and the norms."""
    matrices = [w for name, w in weights.items() if w.ndim == 2 and "embd" not in name]
    others = [w for name, w in weights.items() if w.ndim != 2 or "embd" in name]
    return [
        torch.optim.Muon(matrices, lr=rate * 4, weight_decay=0.02, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def train(weights: Weights, tokenizer: Tokenizer, plan: Round, seed: int) -> None:
    """Train in place and print how it goes."""
    shape, steps = Shape(), plan.steps
    source = batches(tokenizer, seed, copying=plan.copying)
    tools = optimizers(weights, _LEARNING_RATE * plan.share)
    rates = [tool.param_groups[0]["lr"] for tool in tools]
    began, recent = time.monotonic(), 0.0
    for step, (tokens, targets) in zip(range(steps), source, strict=False):
        for tool, rate in zip(tools, rates, strict=True):
            tool.param_groups[0]["lr"] = rate * learning_rate(step, steps)
        with torch.autocast("cpu", torch.bfloat16):
            cost = loss(weights, embed(weights, tokens), targets, shape)
        cost.backward()
        torch.nn.utils.clip_grad_norm_(list(weights.values()), 1.0)
        for tool in tools:
            tool.step()
            tool.zero_grad(set_to_none=True)
        recent = cost.item() if step == 0 else 0.98 * recent + 0.02 * cost.item()
        if step % 100 == 0 or step == steps - 1:
            print(
                f"step {step + 1}/{steps}  loss {recent:.3f}  {time.monotonic() - began:.0f} s",
                flush=True,
            )


def begin_chat_model(seed: int) -> tuple[Weights, Tokenizer]:
    """The first round: learn everything, from random weights."""
    tokenizer = train_tokenizer(seed)
    weights = new_weights(Shape(), seed)
    train(weights, tokenizer, FIRST_ROUND, seed + 1)
    return weights, tokenizer


def finish_chat_model(weights: Weights, tokenizer: Tokenizer, seed: int) -> None:
    """The later rounds, in place."""
    for number, plan in enumerate(LATER_ROUNDS, start=2):
        train(weights, tokenizer, plan, seed + number)


def write_chat_files(out: Path, weights: Weights, tokenizer: Tokenizer) -> None:
    """Write the chat model below `out`, one file for each quantisation."""
    for quantisation in QUANTISATIONS:
        write_chat_model(out, weights, Shape(), vocabulary(tokenizer), quantisation)
