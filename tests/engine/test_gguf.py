"""Reading GGUF headers: everything a good file says, one clear sentence for a bad one."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_jupyter.engine.library.ggml_types import FILE_TYPES, TENSOR_TYPES
from lms_jupyter.engine.library.gguf import GgufError, read_header

from .synthetic import Shape, cut, write_embedding, write_llm


def write_vocabulary(file: Path, tokens: list[str]) -> Path:
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(2048)
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_chat_template("a template")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def raw(*, version: int = 3, tensors: int = 0, pairs: int = 0, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + rest


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value


def test_a_header_says_what_gguf_py_wrote(tmp_path: Path) -> None:
    file = write_llm(tmp_path / "a.gguf", shape=Shape(layers=3, context=512), size_label="1M")

    header = read_header(file)
    reference = gguf.GGUFReader(file)

    assert header.architecture == "llama"
    assert header.of_architecture("context_length") == 512
    assert header.text("general.size_label") == "1M"
    assert header.array_lengths == {}
    tokens = header.metadata["tokenizer.ggml.tokens"]
    assert isinstance(tokens, tuple)
    assert len(tokens) == 512
    assert header.tensors is not None
    assert header.tensors.count == len(reference.tensors)
    assert header.tensors.elements == sum(int(t.n_elements) for t in reference.tensors)
    assert header.tensors.total_bytes == sum(int(t.n_bytes) for t in reference.tensors)


def test_a_light_reading_stops_at_the_vocabulary(tmp_path: Path) -> None:
    file = write_llm(tmp_path / "a.gguf", shape=Shape(context=512))

    header = read_header(file, light=True)

    assert header.of_architecture("context_length") == 512
    assert header.tensors is None
    assert "tokenizer.ggml.tokens" not in header.metadata


def test_a_long_vocabulary_is_counted_and_not_kept(tmp_path: Path) -> None:
    file = write_vocabulary(tmp_path / "a.gguf", [f"token{number}" for number in range(50_000)])

    header = read_header(file)

    assert header.array_lengths["tokenizer.ggml.tokens"] == 50_000
    assert header.text("tokenizer.chat_template") == "a template"


def test_tokens_that_look_like_metadata_do_not_mislead(tmp_path: Path) -> None:
    tokens = ["tokenizer.ggml.token_type" for _ in range(30_000)]
    file = write_vocabulary(tmp_path / "a.gguf", tokens)

    header = read_header(file)

    assert header.array_lengths["tokenizer.ggml.tokens"] == 30_000
    assert header.text("tokenizer.chat_template") == "a template"


def test_very_long_tokens_are_walked_over(tmp_path: Path) -> None:
    file = write_vocabulary(tmp_path / "a.gguf", ["x" * 700 for _ in range(5000)])

    header = read_header(file)

    assert header.array_lengths["tokenizer.ggml.tokens"] == 5000
    assert header.text("tokenizer.chat_template") == "a template"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "ends in the middle of its header"),
        (b"GGUF\x03\0", "ends in the middle of its header"),
        (b"<!DOCTYPE html>" * 9, "is not a GGUF file: it begins with b'<!DO'"),
        (raw(version=1), "has GGUF version 1; versions 2 and 3 can be read"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "is a big-endian GGUF file"),
        (raw(tensors=2**60), "claims 1152921504606846976 tensors"),
        (raw(pairs=2**60), "1152921504606846976 metadata values, which cannot be"),
        (raw(pairs=1, rest=struct.pack("<Q", 2**40)), "claims a name of 1099511627776 bytes"),
        (raw(pairs=1, rest=pair(b"k", 99, b"")), "has a value of the unknown type 99 for 'k'"),
        (
            raw(pairs=1, rest=pair(b"k", 8, struct.pack("<Q", 2**50))),
            "claims 1125899906842624 bytes of text for 'k'",
        ),
        (
            raw(pairs=1, rest=pair(b"k", 9, struct.pack("<IQ", 4, 2**50))),
            "claims 1125899906842624 elements for 'k', more than fit into the file",
        ),
        (
            raw(pairs=1, rest=pair(b"k", 9, struct.pack("<IQ", 9, 1))),
            "has an array of the unknown type 9 for 'k'",
        ),
        (raw(pairs=2, rest=pair(b"k", 0, b"1") * 2), "names 'k' twice"),
        (
            raw(pairs=1, rest=pair(b"general.alignment", 4, struct.pack("<I", 33))),
            "names an alignment of 33, which is no power of two",
        ),
        (
            raw(tensors=1, rest=struct.pack("<Q", 1) + b"t" + struct.pack("<I", 9)),
            "claims 9 dimensions for the tensor 't'",
        ),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, data: bytes, sentence: str) -> None:
    file = tmp_path / "bad.gguf"
    file.write_bytes(data)

    with pytest.raises(GgufError) as caught:
        read_header(file)

    assert str(caught.value).startswith("bad.gguf ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_a_half_downloaded_file_is_refused(tmp_path: Path, keep: float) -> None:
    file = cut(write_embedding(tmp_path / "half.gguf"), keep=keep)

    with pytest.raises(GgufError, match=r"half\.gguf (is not complete|ends in the middle)"):
        read_header(file)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)

    with pytest.raises(GgufError, match=r"pipe\.gguf is not a regular file"):
        read_header(pipe)


@settings(max_examples=300, deadline=None)
@given(noise=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8))
def test_no_damage_does_more_than_raise_our_error(
    tmp_path_factory: pytest.TempPathFactory, noise: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    good = folder / "good.gguf"
    if not good.exists():
        write_embedding(good)
    data = bytearray(good.read_bytes())
    for position, value in noise:
        data[position] = value
    damaged = folder / "damaged.gguf"
    damaged.write_bytes(data)

    try:
        read_header(damaged)
    except GgufError as error:
        assert str(error).startswith("damaged.gguf ")  # noqa: PT017


def test_our_tables_agree_with_gguf_py_where_both_know_a_type() -> None:
    sizes = {kind.value: (kind.name, *size) for kind, size in gguf.GGML_QUANT_SIZES.items()}
    ours = {n: (t.name, t.block_elements, t.block_bytes) for n, t in TENSOR_TYPES.items()}
    names = {
        kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_")
        for kind in gguf.LlamaFileType
    }

    assert {n: ours[n] for n in ours if n in sizes} == {n: sizes[n] for n in ours if n in sizes}
    assert {FILE_TYPES[n] == names[n] for n in FILE_TYPES if n in names} == {True}
