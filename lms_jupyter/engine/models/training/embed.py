"""Trains the embedding model: a BERT of two layers that puts a question near its answer."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor

from lms_jupyter.engine.models.training.corpus_pairs import pair_batch, sentences
from lms_jupyter.engine.models.training.export import write_embedding_model
from lms_jupyter.engine.models.training.network import Weights
from lms_jupyter.engine.models.training.shapes import BertShape

STEPS = 1500
_VOCABULARY_SIZE = 1300
_BATCH_PAIRS = 96
_TEMPERATURE = 0.06
_LEARNING_RATE = 2e-3
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def train_word_pieces(size: int) -> Tokenizer:
    """Learn the word pieces from all sentences of the corpus."""
    tokenizer = Tokenizer(models.WordPiece(unk_token=_SPECIAL[1]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=list(_SPECIAL), show_progress=False
    )
    tokenizer.train_from_iterator(sentences(), trainer)
    cls, sep = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)]
    )
    tokenizer.enable_padding(pad_id=0)
    return tokenizer


def new_weights(shape: BertShape, seed: int) -> Weights:
    """Random weights under the names of the GGUF file."""
    generator = torch.Generator().manual_seed(seed)

    def table(rows: int) -> Tensor:
        return torch.randn(rows, shape.width, generator=generator) * 0.05

    def linear(name: str, rows: int, columns: int) -> Weights:
        weight = torch.randn(rows, columns, generator=generator) / math.sqrt(columns)
        return {f"{name}.weight": weight, f"{name}.bias": torch.zeros(rows)}

    def norm(name: str) -> Weights:
        return {f"{name}.weight": torch.ones(shape.width), f"{name}.bias": torch.zeros(shape.width)}

    weights = {
        "token_embd.weight": table(shape.vocabulary),
        "token_types.weight": table(2),
        "position_embd.weight": table(shape.context),
        **norm("token_embd_norm"),
    }
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights |= linear(block + name, shape.width, shape.width)
        weights |= norm(block + "attn_output_norm")
        weights |= linear(block + "ffn_up", shape.hidden, shape.width)
        weights |= linear(block + "ffn_down", shape.width, shape.hidden)
        weights |= norm(block + "layer_output_norm")
    return {name: weight.requires_grad_() for name, weight in weights.items()}


def run(weights: Weights, tokens: Tensor, mask: Tensor, shape: BertShape) -> Tensor:
    """Unit vectors for padded `tokens` of (batch, length); `mask` is 1 where there is a token."""

    def linear(x: Tensor, name: str) -> Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(
            x, (shape.width,), weights[f"{name}.weight"], weights[f"{name}.bias"], shape.epsilon
        )

    batch, length = tokens.shape
    x = F.embedding(tokens, weights["token_embd.weight"])
    x = x + weights["token_types.weight"][0] + weights["position_embd.weight"][:length]
    x = norm(x, "token_embd_norm")
    seen = mask[:, None, None, :].bool()
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        query, key, value = (
            linear(x, block + name).view(batch, length, shape.heads, -1).transpose(1, 2)
            for name in ("attn_q", "attn_k", "attn_v")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        mixed = mixed.transpose(1, 2).reshape(batch, length, shape.width)
        x = norm(x + linear(mixed, block + "attn_output"), block + "attn_output_norm")
        grown = F.gelu(linear(x, block + "ffn_up"), approximate="tanh")
        x = norm(x + linear(grown, block + "ffn_down"), block + "layer_output_norm")
    weight = mask[..., None].float()
    return F.normalize((x * weight).sum(1) / weight.sum(1), dim=-1)


def _vectors(weights: Weights, texts: list[str], tokenizer: Tokenizer, shape: BertShape) -> Tensor:
    encoded = tokenizer.encode_batch(texts)
    tokens = torch.tensor([encoding.ids for encoding in encoded])
    mask = torch.tensor([encoding.attention_mask for encoding in encoded])
    return run(weights, tokens, mask, shape)


def make_embedding_model(out: Path, seed: int, steps: int = STEPS) -> None:
    """Train the embedding model and write its file below `out`."""
    rng = random.Random(seed)
    tokenizer = train_word_pieces(_VOCABULARY_SIZE)
    shape = BertShape(vocabulary=tokenizer.get_vocab_size())
    weights = new_weights(shape, seed)
    tool = torch.optim.AdamW(list(weights.values()), lr=_LEARNING_RATE, weight_decay=0.01)
    plan = torch.optim.lr_scheduler.OneCycleLR(
        tool, _LEARNING_RATE, total_steps=steps, pct_start=0.05
    )
    began, recent = time.monotonic(), 0.0
    for step in range(steps):
        texts, likes = pair_batch(rng, _BATCH_PAIRS)
        left = _vectors(weights, texts, tokenizer, shape)
        right = _vectors(weights, likes, tokenizer, shape)
        scores = left @ right.T / _TEMPERATURE
        right_one = torch.arange(len(texts))
        cost = (F.cross_entropy(scores, right_one) + F.cross_entropy(scores.T, right_one)) / 2
        tool.zero_grad(set_to_none=True)
        cost.backward()
        tool.step()
        plan.step()
        recent = cost.item() if step == 0 else 0.98 * recent + 0.02 * cost.item()
        if step % 100 == 0 or step == steps - 1:
            print(
                f"step {step + 1}/{steps}  loss {recent:.3f}  {time.monotonic() - began:.0f} s",
                flush=True,
            )
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    write_embedding_model(out, weights, shape, pieces)
