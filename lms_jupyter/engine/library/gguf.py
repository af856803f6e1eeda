"""Reads the header of a GGUF file: what the model is, without its weights.

A header is its metadata, among it the vocabulary (the big part), and then one record per tensor.
`read_header` walks it once and keeps the small things. With `light=True` it stops where the
vocabulary begins: by then the usual converters have written everything but the chat template, the
token ids and the tensors.

Nothing that the file says is trusted: a count or length that cannot be true ends the reading.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from lms_jupyter.engine.library.cursor import U32, U64, Cursor, EndOfFileError
from lms_jupyter.engine.library.ggml_types import TENSOR_TYPES
from lms_jupyter.engine.library.gguf_header import GgufHeader, Scalar, TensorSummary, Value

__all__ = ["GgufError", "GgufHeader", "TensorSummary", "read_header"]

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
MAX_PAIRS: Final = 65_536
MAX_TENSORS: Final = 65_536
MAX_KEY_BYTES: Final = 65_535
MAX_STRING_BYTES: Final = 64 * 2**20
MAX_STRINGS: Final = 4_000_000
"""In all arrays together; the largest vocabularies have a quarter of a million tokens."""
KEPT_TEXT_BYTES: Final = 65_536
KEPT_TEMPLATE_BYTES: Final = 2**20
"""Of each text, and of each chat template, only the beginning is kept."""
MAX_KEPT_BYTES: Final = 4 * 2**20
"""All keys, texts and arrays that are kept of one file; of the others, only that they are there."""
MAX_DIMENSIONS: Final = 4
MAX_KEPT_ARRAY: Final = 4096
"""Longer arrays (vocabularies, mostly) are walked over; only their length is kept."""
_ELEMENT_BYTES: Final = 40
"""What a kept element of an array takes at least, here in memory."""

_MULTIPLIED: Final = ("blk.", "output.")
_LAYER: Final = re.compile(r"blk\.(\d{1,5})\.")
_EXPERTS: Final = "_exps."
_OUTPUT: Final = "output"
_OUTPUT_MATRIX: Final = "output.weight"
_VOCABULARY: Final = b"tokenizer."
_TEMPLATES: Final = "tokenizer.chat_template"
_STRING, _ARRAY = 8, 9
_SCALARS: Final = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: U32,
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: U64,
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}


class GgufError(Exception):
    """The file is not a GGUF file that can be used. The message is one sentence that says why."""


def read_header(path: Path, *, light: bool = False, name: str = "") -> GgufHeader:
    """Read the header of the file at `path`; with `light`, only up to the vocabulary.

    `name` is what errors call the file.

    Raises:
        GgufError: The file is no GGUF file, is damaged, or (not seen by a light reading) ends
            before its last tensor does.
        OSError: The file cannot be opened or read.
    """
    with open(path, "rb", buffering=0, opener=_open_at_once) as file:
        status = os.fstat(file.fileno())
        name = name or path.name
        if not stat.S_ISREG(status.st_mode):
            raise GgufError(f"{name} is not a regular file.")
        try:
            return _Walker(file, name, status.st_size, exact=False).header(light=light)
        except GgufError:
            # Rarely, a good file has a vocabulary that looks like the metadata after it.
            file.seek(0)
            return _Walker(file, name, status.st_size, exact=True).header(light=light)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting: the name may be a pipe, whose writer never comes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class _Walker:
    """Goes through a header once, from front to back."""

    def __init__(self, file: BinaryIO, name: str, file_bytes: int, *, exact: bool) -> None:
        self._cursor = Cursor(file, file_bytes)
        self._name = name
        self._file_bytes = file_bytes
        self._exact = exact
        self._kept_bytes = 0
        self._strings = 0

    def header(self, *, light: bool) -> GgufHeader:
        try:
            return self._header(light=light)
        except EndOfFileError:
            raise self._broken("ends in the middle of its header") from None

    def _header(self, *, light: bool) -> GgufHeader:
        version, tensor_count, pair_count = self._preamble()
        metadata: dict[str, Value] = {}
        array_lengths: dict[str, int] = {}
        for _ in range(pair_count):
            key = self._key()
            self._kept_bytes += len(key)
            if self._kept_bytes > 2 * MAX_KEPT_BYTES:
                raise self._broken("has more metadata than any model")
            if key in metadata or key in array_lengths:
                raise self._broken(f"names {key!r:.100} twice")
            kind = self._cursor.number(U32)
            if kind != _ARRAY:
                metadata[key] = self._scalar(kind, key)
                continue
            if light and key.startswith(_VOCABULARY.decode()):
                break
            kept, length = self._array(key)
            if kept is None:
                array_lengths[key] = length
            else:
                metadata[key] = kept
        return GgufHeader(
            version=version,
            file_bytes=self._file_bytes,
            tensor_count=tensor_count,
            metadata=MappingProxyType(metadata),
            array_lengths=MappingProxyType(array_lengths),
            tensors=None if light else self._tensors(tensor_count, metadata),
        )

    def _preamble(self) -> tuple[int, int, int]:
        magic = self._cursor.take(4)
        if magic != MAGIC:
            raise self._broken(f"is not a GGUF file: it begins with {magic!r}")
        version = self._cursor.number(U32)
        if version not in VERSIONS:
            if version and version & 0xFFFF == 0:
                raise self._broken("is a big-endian GGUF file, which llama.cpp does not read here")
            raise self._broken(f"has GGUF version {version}; versions 2 and 3 can be read")
        tensor_count, pair_count = self._cursor.number(U64), self._cursor.number(U64)
        if tensor_count > MAX_TENSORS or pair_count > MAX_PAIRS:
            raise self._broken(
                f"claims {tensor_count} tensors and {pair_count} metadata values, which cannot be"
            )
        return version, tensor_count, pair_count

    def _tensors(self, count: int, metadata: Mapping[str, Value]) -> TensorSummary:
        elements = 0
        by_type: Counter[str] = Counter()
        matrices: Counter[str] = Counter()
        tail: Counter[str] = Counter()
        layers: Counter[int] = Counter()
        experts: Counter[int] = Counter()
        output = 0
        has_output = False
        end = 0
        for _ in range(count):
            name = self._key()
            dimensions = self._cursor.number(U32)
            if dimensions > MAX_DIMENSIONS:
                raise self._broken(f"claims {dimensions} dimensions for the tensor {name!r}")
            size = 1
            for _ in range(dimensions):
                size *= self._cursor.number(U64)
            kind = self._cursor.number(U32)
            offset = self._cursor.number(U64)
            # A type that is newer than our table still takes some room: its size stays unknown.
            known = TENSOR_TYPES.get(kind)
            length = known.bytes_of(size) if known else 0
            type_name = known.name if known else f"type {kind}"
            elements += size
            layer = _LAYER.match(name)
            if layer:
                layers[int(layer[1])] += length
                experts[int(layer[1])] += length if _EXPERTS in name else 0
            elif name.startswith(_OUTPUT):
                output += length
                has_output = has_output or name == _OUTPUT_MATRIX
            by_type[type_name] += length
            if dimensions > 1:
                tail[type_name] += length
                if name.startswith(_MULTIPLIED):
                    matrices[type_name] += length
            else:
                tail.clear()
            end = max(end, offset + length)
        self._check_complete(end, metadata)
        return TensorSummary(
            count=count,
            elements=elements,
            bytes_by_type=MappingProxyType(dict(by_type)),
            matrix_bytes=MappingProxyType(dict(matrices)),
            tail_bytes=MappingProxyType(dict(tail)),
            layer_bytes=MappingProxyType(dict(layers)),
            expert_bytes=MappingProxyType(dict(experts)),
            has_output=has_output,
            output_bytes=output,
        )

    def _check_complete(self, data_bytes: int, metadata: Mapping[str, Value]) -> None:
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise self._broken(f"names an alignment of {alignment!r}, which is no power of two")
        here = self._cursor.position
        needed = -(-here // alignment) * alignment + data_bytes if data_bytes else here
        if needed > self._file_bytes:
            raise self._broken(f"is not complete: it has {self._file_bytes} of {needed} bytes")

    def _key(self) -> str:
        length = self._cursor.number(U64)
        if length > MAX_KEY_BYTES:
            raise self._broken(f"claims a name of {length} bytes")
        return self._cursor.take(length).decode(errors="replace")

    def _scalar(self, kind: int, key: str) -> Scalar:
        if kind == _STRING:
            length = self._cursor.number(U64)
            if length > MAX_STRING_BYTES:
                raise self._broken(f"claims {length} bytes of text for {key!r:.100}")
            return self._text(length, key)
        number = _SCALARS.get(kind)
        if number is None:
            raise self._broken(f"has a value of the unknown type {kind} for {key!r:.100}")
        value: int | float | bool = number.unpack(self._cursor.take(number.size))[0]
        return value

    def _text(self, length: int, key: str) -> str:
        """Return the beginning of a text, as far as there is room for it, and pass the rest."""
        wanted = KEPT_TEMPLATE_BYTES if key.startswith(_TEMPLATES) else KEPT_TEXT_BYTES
        kept = min(length, wanted, max(0, MAX_KEPT_BYTES - self._kept_bytes))
        self._kept_bytes += kept
        text = self._cursor.take(kept).decode(errors="replace")
        self._cursor.skip(length - kept)
        return text

    def _array(self, key: str) -> tuple[tuple[Scalar, ...] | None, int]:
        """Return the array, or only its length if it is long."""
        kind, length = self._cursor.number(U32), self._cursor.number(U64)
        number = _SCALARS.get(kind)
        if number is None and kind != _STRING:
            raise self._broken(f"has an array of the unknown type {kind} for {key!r:.100}")
        smallest = number.size if number else U64.size
        if length * smallest > self._file_bytes:
            raise self._broken(
                f"claims {length} elements for {key!r:.100}, more than fit into the file"
            )
        if kind == _STRING:
            self._strings += length
            if self._strings > MAX_STRINGS:
                raise self._broken(f"claims {self._strings} texts, more than any model has")
        if length <= MAX_KEPT_ARRAY and self._kept_bytes < MAX_KEPT_BYTES:
            self._kept_bytes += length * _ELEMENT_BYTES
            return tuple(self._scalar(kind, key) for _ in range(length)), length
        if number:
            self._cursor.skip(length * number.size)
        elif self._exact or not self._cursor.leap_strings(length, _VOCABULARY):
            self._cursor.skip_strings(length)
        return None, length

    def _broken(self, why: str) -> GgufError:
        return GgufError(f"{self._name} {why}.")
