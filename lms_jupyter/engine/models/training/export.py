"""Writes GGUF files with the metadata that hosts show in their lists."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from torch import Tensor

from lms_jupyter.engine.models.training.network import Weights
from lms_jupyter.engine.models.training.shapes import BertShape, EyeShape, Shape
from lms_jupyter.engine.models.training.template import CHAT_TEMPLATE, MESSAGE_END, PADDING
from lms_jupyter.engine.models.training.tokenizer import Vocabulary

PUBLISHER = "lms-jupyter"
CONTEXT_LENGTH = 2048
CHAT_DESCRIPTION = (
    "A very small chat model for tutorials: it explains words about notebooks and language models, "
    "and calls tools."
)
QUANTISATIONS = {
    "F16": gguf.GGMLQuantizationType.F16,
    "Q8_0": gguf.GGMLQuantizationType.Q8_0,
    "Q4_0": gguf.GGMLQuantizationType.Q4_0,
}
_KEPT_WHOLE = ("token_types.weight",)  # llama.cpp adds it as it is, and adds only F32
_FILE_TYPES = {
    "F16": gguf.LlamaFileType.MOSTLY_F16,
    "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
}


def describe(
    writer: gguf.GGUFWriter, *, name: str, basename: str, size: str, text: str, tags: list[str]
) -> None:
    """Add the general fields."""
    writer.add_name(name)
    writer.add_basename(basename)
    writer.add_size_label(size)
    writer.add_version("v1")
    writer.add_organization(PUBLISHER)
    writer.add_author("The lms_jupyter authors")
    writer.add_license("bsd-3-clause")
    writer.add_description(text)
    writer.add_tags(tags)
    writer.add_languages(["en"])


def add_tensor(writer: gguf.GGUFWriter, name: str, weight: Tensor, quantisation: str) -> None:
    """Add one weight: matrices in the given quantisation, vectors as they are."""
    values = weight.detach().float().numpy()
    kind = QUANTISATIONS[quantisation]
    if values.ndim < 2 or name in _KEPT_WHOLE:
        writer.add_tensor(name, values.astype(np.float32))
    elif kind == gguf.GGMLQuantizationType.F16:
        writer.add_tensor(name, values.astype(np.float16))
    else:
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def finish(writer: gguf.GGUFWriter) -> None:
    """Write everything and close the file."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_chat_model(
    out: Path,
    weights: Weights,
    shape: Shape,
    vocabulary: Vocabulary,
    quantisation: str,
    *,
    name: str = "Tutor 1M",
    text: str = CHAT_DESCRIPTION,
    tags: tuple[str, ...] = ("text-generation", "tutorial", "tool-use"),
) -> Path:
    """Write `name` in one quantisation into its own folder below `out`, and return the file."""
    stem = name.replace(" ", "-")
    path = out / PUBLISHER / f"{stem}-GGUF" / f"{stem}-{quantisation}.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.MODEL)
    describe(
        writer, name=name, basename=stem.replace("-1M", ""), size="1M", text=text, tags=list(tags)
    )
    writer.add_file_type(_FILE_TYPES[quantisation])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(CONTEXT_LENGTH)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    writer.add_eos_token_id(vocabulary.tokens.index(MESSAGE_END))
    writer.add_pad_token_id(vocabulary.tokens.index(PADDING))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)
    for tensor, weight in weights.items():
        add_tensor(writer, tensor, weight, quantisation)
    finish(writer)
    return path


def write_embedding_model(out: Path, weights: Weights, shape: BertShape, pieces: list[str]) -> Path:
    """Write the embedding model below `out` and return the file."""
    path = out / PUBLISHER / "Tutor-Embed-GGUF" / "Tutor-Embed-F16.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_type(gguf.GGUFType.MODEL)
    count = sum(weight.numel() for weight in weights.values())
    text = "A very small embedding model for tutorials: it finds the sentence that fits a question."
    tags = ["sentence-similarity", "feature-extraction", "tutorial"]
    describe(
        writer,
        name="Tutor Embed",
        basename="Tutor-Embed",
        size=f"{count // 1000}K",
        text=text,
        tags=tags,
    )
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_layer_norm_eps(shape.epsilon)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(2)
    writer.add_token_list([_word_piece(piece) for piece in pieces])
    writer.add_token_types(
        [3 if piece.startswith("[") and len(piece) > 1 else 1 for piece in pieces]
    )
    for name, piece in (("pad", "[PAD]"), ("unk", "[UNK]"), ("sep", "[SEP]")):
        getattr(writer, f"add_{name}_token_id")(pieces.index(piece))
    writer.add_bos_token_id(pieces.index("[CLS]"))
    for tensor, weight in weights.items():
        add_tensor(writer, tensor, weight, "F16")
    finish(writer)
    return path


def write_projector(out: Path, eye: Weights, shape: EyeShape) -> Path:
    """Write the encoder for pictures beside the vision model and return the file."""
    path = out / PUBLISHER / "Tutor-1M-Vision-GGUF" / "mmproj-Tutor-1M-Vision-F16.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    text = (
        "The encoder for pictures of Tutor 1M Vision, trained on plain colours and simple shapes."
    )
    count = sum(weight.numel() for weight in eye.values())
    tags = ["image-text-to-text", "tutorial"]
    describe(
        writer,
        name="Tutor 1M Vision",
        basename="Tutor-Vision",
        size=f"{count // 1000}K",
        text=text,
        tags=tags,
    )
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("mlp")
    writer.add_vision_image_size(shape.picture)
    writer.add_vision_patch_size(shape.patch)
    writer.add_vision_embedding_length(shape.width)
    writer.add_vision_feed_forward_length(shape.hidden)
    writer.add_vision_projection_dim(shape.out)
    writer.add_vision_block_count(shape.layers)
    writer.add_vision_head_count(shape.heads)
    writer.add_vision_attention_layernorm_eps(shape.epsilon)
    writer.add_vision_image_mean([0.5, 0.5, 0.5])
    writer.add_vision_image_std([0.5, 0.5, 0.5])
    writer.add_vision_use_gelu(True)
    for tensor, weight in eye.items():
        add_tensor(writer, tensor, weight, "F16")
    finish(writer)
    return path


def _word_piece(piece: str) -> str:
    """The piece as llama.cpp spells it: the beginning of a word is marked, not its continuation."""
    if piece.startswith("[") and len(piece) > 1:
        return piece
    return piece[2:] if piece.startswith("##") else f"\u2581{piece}"
