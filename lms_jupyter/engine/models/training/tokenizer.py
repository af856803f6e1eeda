"""The byte-level tokenizer: trained on the corpus, and cut like llama.cpp cuts `qwen2`."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from itertools import islice

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from lms_jupyter.engine.models.training.corpus import chats
from lms_jupyter.engine.models.training.template import (
    MESSAGE_END,
    MESSAGE_START,
    PADDING,
    TOOL_CALL,
    TOOL_CALL_END,
)

VOCABULARY_SIZE = 1024
CONTROL = (PADDING, MESSAGE_START, MESSAGE_END)
USER_DEFINED = (TOOL_CALL, TOOL_CALL_END)
_SAMPLE_CHATS = 20_000

# Words with one leading mark, single digits, marks, line ends, and spaces.
_CUTS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a GGUF file has to say about the tokenizer. `types` are those of llama.cpp."""

    tokens: list[str]
    types: list[int]
    merges: list[str]


def train_tokenizer(seed: int) -> Tokenizer:
    """Learn the vocabulary from the corpus."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CUTS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[
            AddedToken(token, special=True, normalized=False) for token in (*CONTROL, *USER_DEFINED)
        ],
        show_progress=False,
    )
    sample = islice(chats(random.Random(seed)), _SAMPLE_CHATS)
    tokenizer.train_from_iterator((m.content for chat in sample for m in chat), trainer)
    return tokenizer


def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """Read the vocabulary out of a trained tokenizer."""
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    types = [3 if token in CONTROL else 4 if token in USER_DEFINED else 1 for token in tokens]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    return Vocabulary(tokens, types, merges)
