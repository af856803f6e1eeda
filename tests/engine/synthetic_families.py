"""Writes models of many families, in any size.

The files have no weights but a hole of the right size, which reads as zeros: llama.cpp loads them,
and computes with them, while they take next to nothing on the disk.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import gguf
import numpy as np

from .family_layers import Said, Size, tensors
from .family_words import FAMILIES, common
from .synthetic import _add_byte_vocabulary, _add_word_piece_vocabulary

Kind: TypeAlias = gguf.GGMLQuantizationType


def write_family(
    file: Path,
    family: str,
    size: Size,
    *,
    kind: Kind = Kind.Q8_0,
    vocabulary: bool = True,
) -> Path:
    """Write a file of a family and return its path; `vocabulary` is needed to compute with it."""
    made = FAMILIES[family]
    name = family.partition("/")[0]
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(file, name)
    writer.add_type("model")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    for key, value in (common(size) | made.said(size)).items():
        _say(writer, f"{name}.{key}", value)
    if vocabulary and made.embeds:
        size = replace(size, vocabulary=_add_word_piece_vocabulary(writer))
    elif vocabulary:
        _add_byte_vocabulary(writer, size.vocabulary)
        writer.add_chat_template("{{ messages[0].content }}")
    else:
        writer.add_tokenizer_model("none")
        writer.add_token_type_count(2)
    writer.add_vocab_size(size.vocabulary)
    for tensor, dimensions, is_matrix in tensors(made, size):
        _declare(writer, tensor, dimensions, kind if is_matrix else Kind.F32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    here = writer.fout[0].tell()  # type: ignore[index]
    alignment = writer.data_alignment
    end = -(-here // alignment) * alignment
    for info in writer.tensors[0].values():
        end += -(-info.nbytes // alignment) * alignment
    writer.close()
    with file.open("r+b") as hole:
        hole.truncate(end)
    return file


def _declare(writer: gguf.GGUFWriter, name: str, dimensions: tuple[int, ...], kind: Kind) -> None:
    shape = tuple(reversed(dimensions))
    block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    if dimensions[0] % block:
        kind, block, block_bytes = Kind.F16, 1, 2
    stored = (*shape[:-1], shape[-1] // block * block_bytes)
    length = int(np.prod(stored))
    plain = {Kind.F32: np.dtype(np.float32), Kind.F16: np.dtype(np.float16)}
    if kind in plain:
        writer.add_tensor_info(name, shape, plain[kind], length)
    else:
        writer.add_tensor_info(name, stored, np.dtype(np.uint8), length, raw_dtype=kind)


def _say(writer: gguf.GGUFWriter, key: str, value: Said) -> None:
    if isinstance(value, list):
        writer.add_array(key, value)
    elif isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    else:
        writer.add_uint32(key, value)
