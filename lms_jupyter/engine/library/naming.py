"""How a model is called, from where its file lies: LM Studio's rules for plain downloads. Pure.

A model key is the file's name in lower case, without its quantisation and without `-GGUF`:
`lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf` is `tutor-1m`, and as a variant `tutor-1m@q8_0`.
Where the file's name says nothing (`model.gguf`, `Q4_K_M.gguf`), the repository's is used. Before
the key of an embedding model stands `text-embedding-`, whatever the file's name says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

EMBEDDING_PREFIX: Final = "text-embedding-"
"""What LM Studio puts before the key of every embedding model."""

UNKNOWN_PUBLISHER: Final = "local"
"""The publisher of a file that does not lie in `publisher/repository/`."""

_QUANTIZATION: Final = re.compile(
    r"(?:^|[-._])"
    r"(?P<label>(?:UD-)?(?:I?Q[1-8](?:_[0-9A-Z]{1,4})*|TQ[12]_0|MXFP4(?:_MOE)?|NVFP4|BF16"
    r"|FP?16|FP?32))$",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"-(?P<number>\d{5})-of-(?P<count>\d{5})$", re.IGNORECASE)
_GGUF: Final = re.compile(r"[-._]?GGUF$", re.IGNORECASE)
_SAYS_NOTHING: Final = frozenset({"", "model", "ggml-model", "weights", "unsloth"})
_SAME: Final = {"FP16": "F16", "FP32": "F32"}
_PREFERRED: Final = ("q4_k_m", "q8_0")
_BITS: Final = re.compile(r"(?:I?Q|TQ|FP?|BF|NVFP|MXFP)(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """What the place of a model file says about it."""

    publisher: str
    name: str
    """In lower case; the key, unless another publisher has the same."""
    quantization: str | None
    """As written, in upper case, as `Q4_K_M`."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a model that is split over several files."""

    number: int
    count: int
    whole: str
    """The name without the part's number; the same for all parts."""


def part_of(stem: str) -> Part | None:
    """Say which part of a split model a file name (without `.gguf`) stands for, if it does."""
    found = _PART.search(stem)
    if found is None:
        return None
    return Part(int(found["number"]), int(found["count"]), stem[: found.start()])


def read_name(path: PurePosixPath) -> FileName:
    """Read a file's place, relative to the models folder.

    >>> read_name(PurePosixPath("lms-jupyter/Tutor-1M-GGUF/Tutor-1M-Q8_0.gguf"))
    FileName(publisher='lms-jupyter', name='tutor-1m', quantization='Q8_0')
    """
    stem = _PART.sub("", path.stem)
    name, quantization = _without_quantization(stem)
    if name.lower() in _SAYS_NOTHING and len(path.parts) > 1:
        name, of_repository = _without_quantization(path.parts[-2])
        quantization = quantization or of_repository
    return FileName(
        publisher=path.parts[0] if len(path.parts) > 1 else UNKNOWN_PUBLISHER,
        name=(name or stem).lower(),
        quantization=quantization,
    )


def key_of(name: str, *, embedding: bool, publisher: str = "") -> str:
    """Return the key of a model; the publisher is part of it where others have the same name.

    >>> key_of("nomic-embed-text-v1.5", embedding=True, publisher="nomic-ai")
    'nomic-ai/text-embedding-nomic-embed-text-v1.5'
    """
    key = f"{EMBEDDING_PREFIX}{name}" if embedding else name
    return f"{publisher}/{key}" if publisher else key


def _without_quantization(name: str) -> tuple[str, str | None]:
    name = _GGUF.sub("", name)
    found = _QUANTIZATION.search(name)
    if found is None:
        return name, None
    label = found["label"].upper()
    return _GGUF.sub("", name[: found.start()]), _SAME.get(label, label)


def bits_of(quantization: str) -> int:
    """Return the bits per weight that a quantisation is named after, 0 if none."""
    found = _BITS.search(quantization)
    return int(found[1]) if found else 0


def variant_labels(quantizations: Sequence[str]) -> list[str]:
    """Give each file of a model its own label after the `@`: its quantisation in lower case.

    >>> variant_labels(["Q8_0", "F16", "Q8_0"])
    ['q8_0', 'f16', 'q8_0-2']
    """
    labels: list[str] = []
    for quantization in quantizations:
        label, number = quantization.lower(), 1
        while label in labels:
            number += 1
            label = f"{quantization.lower()}-{number}"
        labels.append(label)
    return labels


def preferred(labels: Sequence[str], sizes: Sequence[int]) -> int:
    """Choose the variant that a bare key means: Q4_K_M, else Q8_0, else the largest file."""
    for label in _PREFERRED:
        if label in labels:
            return labels.index(label)
    return max(range(len(sizes)), key=sizes.__getitem__)


def params_string(elements: int) -> str:
    """Write a number of parameters the way models are named: 935K, 1.2B, 7B.

    >>> params_string(1_235_814_432)
    '1.2B'
    """
    for unit, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if elements >= unit:
            digits = f"{elements / unit:.1f}" if elements < 10 * unit else f"{elements / unit:.0f}"
            return digits.removesuffix(".0") + letter
    return str(elements)
