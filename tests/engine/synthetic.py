"""Makes small GGUF files with seeded random weights: real to llama.cpp, nonsense to a reader.

`write_llm` and `write_embedding` give the two types of model in whatever shape a test needs,
`write_projector` the header of a vision projector, `cut` a half-downloaded file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

CHAT_TEMPLATE = (
    "{%- if tools %}<|im_start|>system\nTools: {{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{%- endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


Weights = Callable[[str, int, int], npt.NDArray[np.uint8]]
"""Makes a matrix, given its name, its rows and its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The size of a synthetic transformer."""

    layers: int = 2
    width: int = 64
    heads: int = 4
    kv_heads: int = 4
    feed_forward: int = 128
    context: int = 2048
    vocabulary: int = 512


def write_llm(
    file: Path,
    *,
    shape: Shape = Shape(),
    quantization: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F16,
    name: str = "Synthetic",
    seed: int = 0,
    chat_template: str = CHAT_TEMPLATE,
    size_label: str = "",
    weights: Weights | None = None,
) -> Path:
    """Write a llama-architecture model and return its path.

    `weights` makes the matrices, already quantized; without it, they are random.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_type("model")
    writer.add_name(name)
    writer.add_basename(name)
    if size_label:
        writer.add_size_label(size_label)
    writer.add_file_type(_FILE_TYPES[quantization])
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(shape.vocabulary)
    _add_byte_vocabulary(writer, shape.vocabulary)
    if chat_template:
        writer.add_chat_template(chat_template)
    random = _Random(writer, seed, quantization, weights)
    kv_width = shape.width // shape.heads * shape.kv_heads
    random.matrix("token_embd.weight", shape.vocabulary, shape.width)
    random.ones("output_norm.weight", shape.width)
    # No control token is ever among the likeliest: an answer is as long as it may be.
    random.matrix("output.weight", shape.vocabulary, shape.width, zeros=len(CONTROL_TOKENS))
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        random.ones(f"{block}.attn_norm.weight", shape.width)
        random.matrix(f"{block}.attn_q.weight", shape.width, shape.width)
        random.matrix(f"{block}.attn_k.weight", kv_width, shape.width)
        random.matrix(f"{block}.attn_v.weight", kv_width, shape.width)
        random.matrix(f"{block}.attn_output.weight", shape.width, shape.width)
        random.ones(f"{block}.ffn_norm.weight", shape.width)
        random.matrix(f"{block}.ffn_gate.weight", shape.feed_forward, shape.width)
        random.matrix(f"{block}.ffn_up.weight", shape.feed_forward, shape.width)
        random.matrix(f"{block}.ffn_down.weight", shape.width, shape.feed_forward)
    _finish(writer)
    return file


def write_embedding(file: Path, *, width: int = 64, layers: int = 1, seed: int = 0) -> Path:
    """Write a bert-architecture embedding model with mean pooling and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(file, "bert")
    writer.add_type("model")
    writer.add_name("Synthetic Embedding")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(256)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    vocabulary = _add_word_piece_vocabulary(writer)
    random = _Random(writer, seed, gguf.GGMLQuantizationType.F32)
    random.matrix("token_embd.weight", vocabulary, width)
    random.matrix("position_embd.weight", 256, width)
    random.matrix("token_types.weight", 2, width)
    random.norm("token_embd_norm", width)
    for layer in range(layers):
        block = f"blk.{layer}"
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            random.matrix(f"{block}.{part}.weight", width, width)
            random.zeros(f"{block}.{part}.bias", width)
        random.norm(f"{block}.attn_output_norm", width)
        random.matrix(f"{block}.ffn_up.weight", 2 * width, width)
        random.zeros(f"{block}.ffn_up.bias", 2 * width)
        random.matrix(f"{block}.ffn_down.weight", width, 2 * width)
        random.zeros(f"{block}.ffn_down.bias", width)
        random.norm(f"{block}.layer_output_norm", width)
    _finish(writer)
    return file


def write_projector(file: Path) -> Path:
    """Write what a listing sees of a vision projector; llama.cpp would not load it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(file, "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", True)
    _Random(writer, 0, gguf.GGMLQuantizationType.F32).ones("mm.0.bias", 8)
    _finish(writer)
    return file


def cut(file: Path, *, keep: float) -> Path:
    """Cut a file off, so that it keeps this part of its bytes."""
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    return file


_FILE_TYPES = {
    gguf.GGMLQuantizationType.F32: gguf.LlamaFileType.ALL_F32,
    gguf.GGMLQuantizationType.F16: gguf.LlamaFileType.MOSTLY_F16,
    gguf.GGMLQuantizationType.Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
    gguf.GGMLQuantizationType.Q4_0: gguf.LlamaFileType.MOSTLY_Q4_0,
}


class _Random:
    """Adds seeded random tensors to a writer."""

    def __init__(
        self,
        writer: gguf.GGUFWriter,
        seed: int,
        quantization: gguf.GGMLQuantizationType,
        weights: Weights | None = None,
    ) -> None:
        self._weights = weights
        self._writer = writer
        self._generator = np.random.default_rng(seed)
        self._quantization = quantization

    def matrix(self, name: str, rows: int, columns: int, *, zeros: int = 0) -> None:
        if self._weights is not None:
            made = self._weights(name, rows, columns)
            self._writer.add_tensor(name, made, raw_dtype=self._quantization)
            return
        values = self._generator.standard_normal((rows, columns), dtype=np.float32)
        values[rows - zeros :] = 0
        data = gguf.quants.quantize(values / np.float32(np.sqrt(columns)), self._quantization)
        self._writer.add_tensor(name, data, raw_dtype=self._quantization)

    def ones(self, name: str, size: int) -> None:
        self._vector(name, np.ones(size, dtype=np.float32))

    def zeros(self, name: str, size: int) -> None:
        self._vector(name, np.zeros(size, dtype=np.float32))

    def norm(self, name: str, size: int) -> None:
        self.ones(f"{name}.weight", size)
        self.zeros(f"{name}.bias", size)

    def _vector(self, name: str, values: npt.NDArray[np.float32]) -> None:
        self._writer.add_tensor(name, values, raw_dtype=gguf.GGMLQuantizationType.F32)


def _add_byte_vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """Add byte-level tokens, one merge (the loader wants some), padding and the control tokens."""
    pieces = [*_byte_letters(), "Ġt"]
    fillers = size - len(pieces) - len(CONTROL_TOKENS)
    pieces += [f"Ġx{number}" for number in range(fillers)]
    types = [gguf.TokenType.NORMAL] * len(pieces) + [gguf.TokenType.CONTROL] * len(CONTROL_TOKENS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*pieces, *CONTROL_TOKENS])
    writer.add_token_types(types)
    writer.add_token_merges(["Ġ t"])
    writer.add_eos_token_id(size - 1)
    writer.add_pad_token_id(size - 3)
    writer.add_add_bos_token(False)


def _add_word_piece_vocabulary(writer: gguf.GGUFWriter) -> int:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += [f"▁{letter}" for letter in letters] + list(letters)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [gguf.TokenType.CONTROL] * 5 + [gguf.TokenType.NORMAL] * (len(tokens) - 5)
    )
    writer.add_token_type_count(2)
    writer.add_bos_token_id(2)
    writer.add_uint32("tokenizer.ggml.cls_token_id", 2)
    writer.add_eos_token_id(3)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_mask_token_id(4)
    return len(tokens)


def _byte_letters() -> list[str]:
    """Return the 256 printable letters that byte-level BPE writes bytes with, by byte value."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = (byte for byte in range(256) if byte not in printable)
    letter_of = {byte: chr(byte) for byte in printable}
    letter_of |= {byte: chr(256 + position) for position, byte in enumerate(hidden)}
    return [letter_of[byte] for byte in range(256)]


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
