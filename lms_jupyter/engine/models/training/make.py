"""The order in which the tutorial models are made."""

from __future__ import annotations

from pathlib import Path

import torch

from lms_jupyter.engine.models.training.chat import (
    begin_chat_model,
    finish_chat_model,
    write_chat_files,
)
from lms_jupyter.engine.models.training.embed import make_embedding_model
from lms_jupyter.engine.models.training.vision import make_vision_model


def make(out: Path, only: str | None, seed: int) -> None:
    """Train the models and write their files below `out`.

    One thread and fixed numbers of steps: the same machine gives the same files again. The vision
    model begins as the chat model after its first round, so asking for it alone trains that too.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    if only in (None, "chat", "vision"):
        weights, tokenizer = begin_chat_model(seed)
        if only != "chat":
            make_vision_model(out, weights, tokenizer, seed)
        if only != "vision":
            finish_chat_model(weights, tokenizer, seed)
            write_chat_files(out, weights, tokenizer)
    if only in (None, "embed"):
        make_embedding_model(out, seed)
