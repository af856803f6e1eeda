"""What the header of a GGUF file says, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

Scalar: TypeAlias = "int | float | bool | str"
Value: TypeAlias = "Scalar | tuple[Scalar, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSummary:
    """All tensors of a file, added up."""

    count: int
    elements: int
    bytes_by_type: Mapping[str, int]
    """By type name, as in `Q4_0`."""
    matrix_bytes: Mapping[str, int]
    """The same for what is multiplied with: the matrices of the layers and of the output."""
    tail_bytes: Mapping[str, int]
    """The same for the matrices after the last vector in the file."""
    layer_bytes: Mapping[int, int] = field(default_factory=dict)
    """Of each layer, by its number."""
    expert_bytes: Mapping[int, int] = field(default_factory=dict)
    """How much of that are experts, of which few work at once."""
    has_output: bool = True
    """Whether there is a matrix for that; else the input's is used."""
    output_bytes: int = 0
    """Of what turns the last layer's result into tokens; none if that is done with the input's."""

    @property
    def total_bytes(self) -> int:
        """The weights' size in bytes."""
        return sum(self.bytes_by_type.values())

    @property
    def input_bytes(self) -> int:
        """The size of what turns tokens into numbers, and of all else that is in no layer."""
        return self.total_bytes - sum(self.layer_bytes.values()) - self.output_bytes

    @classmethod
    def sum_of(cls, summaries: Sequence[TensorSummary]) -> TensorSummary:
        """Add up the parts of a split model."""
        by_type: Counter[str] = Counter()
        matrices: Counter[str] = Counter()
        tail: Counter[str] = Counter()
        layers: Counter[int] = Counter()
        experts: Counter[int] = Counter()
        for summary in summaries:
            layers.update(summary.layer_bytes)
            experts.update(summary.expert_bytes)
            by_type.update(summary.bytes_by_type)
            matrices.update(summary.matrix_bytes)
            tail.update(summary.tail_bytes)
        return cls(
            count=sum(summary.count for summary in summaries),
            elements=sum(summary.elements for summary in summaries),
            bytes_by_type=MappingProxyType(dict(by_type)),
            matrix_bytes=MappingProxyType(dict(matrices)),
            tail_bytes=MappingProxyType(dict(tail)),
            layer_bytes=MappingProxyType(dict(layers)),
            expert_bytes=MappingProxyType(dict(experts)),
            has_output=any(summary.has_output for summary in summaries),
            output_bytes=sum(summary.output_bytes for summary in summaries),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What a GGUF file says about itself."""

    version: int
    file_bytes: int
    tensor_count: int
    metadata: Mapping[str, Value]
    array_lengths: Mapping[str, int]
    """The lengths of the arrays that were too long to keep, as `tokenizer.ggml.tokens`."""
    tensors: TensorSummary | None
    """`None` if only the light part was read."""

    def text(self, key: str) -> str | None:
        """Return the string under `key`, or `None` if there is none or it is something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def integer(self, key: str) -> int | None:
        """Return the integer under `key`, or `None` if there is none or it is something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def architecture(self) -> str | None:
        """The model family by llama.cpp's name, as in `llama`."""
        return self.text("general.architecture")

    def of_architecture(self, key: str) -> Value | None:
        """Return the value of the family's own `key`, as `llama.context_length`."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def architecture_integer(self, key: str) -> int | None:
        """Return the family's own `key` if it is an integer."""
        return self.integer(f"{self.architecture}.{key}")

    def joined(self, parts: Iterable[GgufHeader]) -> GgufHeader:
        """Return this first part's header as that of the whole split model."""
        headers = (self, *parts)
        summaries = [header.tensors for header in headers if header.tensors is not None]
        return replace(
            self,
            file_bytes=sum(header.file_bytes for header in headers),
            tensor_count=sum(header.tensor_count for header in headers),
            tensors=TensorSummary.sum_of(summaries) if self.tensors else None,
        )
