"""Turns the headers of files into the models that a listing shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from lms_jupyter.engine.library.ggml_types import FILE_TYPES
from lms_jupyter.engine.library.gguf import GgufError, GgufHeader
from lms_jupyter.engine.library.model_yaml import ModelYaml
from lms_jupyter.engine.library.naming import (
    FileName,
    bits_of,
    key_of,
    params_string,
    part_of,
    preferred,
    read_name,
    variant_labels,
)
from lms_jupyter.engine.safe_text import safe

ModelType: TypeAlias = Literal["llm", "embedding"]

EMBEDDING_ARCHITECTURES: Final = frozenset(
    {
        "bert",
        "eurobert",
        "gemma-embedding",
        "jina-bert-v2",
        "jina-bert-v3",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
    }
)
MAX_DISPLAY_NAME: Final = 200
MAX_WORD: Final = 64
_PROJECTOR_PREFERENCE: Final = ("F16", "BF16", "Q8_0", "F32")


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadedModel:
    """A model on the disk that can be loaded: one GGUF file, or all parts of a split one."""

    model_key: str
    """What it is asked for by; of a variant that is not the selected one, `key@label`."""
    type: ModelType
    display_name: str
    publisher: str
    path: str
    """Relative to its models folder, `publisher/repository/file.gguf`."""
    file: Path
    """Absolute; the first part if the model is split."""
    mmproj: Path | None
    """The vision projector beside it."""
    size_bytes: int
    """Of all its files, the projector included."""
    architecture: str | None
    params_string: str | None
    quantization_name: str | None
    quantization_bits: int | None
    max_context_length: int
    vision: bool
    trained_for_tool_use: bool
    variants: tuple[str, ...]
    """All quantisations of the model as `key@label`; empty if there is only this file."""
    selected_variant: str | None
    """Which of them this is."""
    header: GgufHeader
    virtual: ModelYaml | None = None
    """What made this of another model, if it is not simply what lies there."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file of the models folder, read."""

    file: Path
    relative: PurePosixPath
    size_bytes: int
    header: GgufHeader


@dataclass(frozen=True, slots=True)
class Family:
    """All variants of one model; `chosen` is the one that the bare key means."""

    model_key: str
    chosen: DownloadedModel
    variants: tuple[DownloadedModel, ...]


def families(files: Iterable[ReadFile]) -> tuple[tuple[Family, ...], Mapping[str, str]]:
    """Group files into models.

    Returns:
        The models in the order of their keys, and for each file that is no model, why not.
    """
    refused: dict[str, str] = {}
    projectors: dict[PurePosixPath, list[ReadFile]] = {}
    candidates: list[tuple[FileName, DownloadedModel]] = []
    for file in _whole(files, refused):
        if _is_projector(file.header):
            projectors.setdefault(file.relative.parent, []).append(file)
            continue
        try:
            name = read_name(file.relative)
            candidates.append((name, _model(file, name)))
        except GgufError as error:
            refused[str(file.relative)] = str(error)
    grouped: dict[tuple[str, str, bool], list[DownloadedModel]] = {}
    publishers: dict[tuple[str, bool], set[str]] = {}
    for name, model in candidates:
        paired = _with_projector(model, projectors.get(PurePosixPath(model.path).parent, []))
        publisher, embeds = name.publisher.lower(), model.type == "embedding"
        grouped.setdefault((publisher, name.name, embeds), []).append(paired)
        publishers.setdefault((name.name, embeds), set()).add(publisher)
    found = []
    for (publisher, own, embeds), models in grouped.items():
        of = publisher if len(publishers[own, embeds]) > 1 else ""
        found.append(_family(key_of(own, embedding=embeds, publisher=of), models))
    return tuple(sorted(found, key=lambda family: family.model_key)), MappingProxyType(refused)


def _whole(files: Iterable[ReadFile], refused: dict[str, str]) -> Iterable[ReadFile]:
    """Pass single files on, and the parts of a split model as one, if all of them are there."""
    split: dict[tuple[PurePosixPath, str, int], dict[int, ReadFile]] = {}
    for file in files:
        part = part_of(file.relative.stem)
        if part is None:
            yield file
        else:
            key = (file.relative.parent, part.whole.lower(), part.count)
            split.setdefault(key, {})[part.number] = file
    for (_, _, count), parts in split.items():
        missing = [number for number in range(1, count + 1) if number not in parts]
        if missing:
            some = next(iter(parts.values()))
            refused[str(some.relative)] = (
                f"{some.relative.name} is one of {count} parts; {len(missing)} of them are missing."
            )
            continue
        ordered = [parts[number] for number in range(1, count + 1)]
        yield replace(
            ordered[0],
            size_bytes=sum(part.size_bytes for part in ordered),
            header=ordered[0].header.joined(part.header for part in ordered[1:]),
        )


def _is_projector(header: GgufHeader) -> bool:
    return header.architecture == "clip" or header.text("general.type") == "mmproj"


def _model(file: ReadFile, name: FileName) -> DownloadedModel:
    """Describe a file as a model of its own.

    Raises:
        GgufError: It is a GGUF file, but no language model.
    """
    header = file.header
    context_length = header.architecture_integer("context_length")
    kind = header.text("general.type")
    if kind not in {None, "model"}:
        raise GgufError(f"{file.relative.name} holds no model but is of the type {kind!r:.100}.")
    if header.text("tokenizer.ggml.model") is None or not header.tensor_count:
        raise GgufError(
            f"{file.relative.name} is no language model: it lacks vocabulary or weights."
        )
    if not context_length or context_length < 1:
        raise GgufError(f"{file.relative.name} does not say how long a context it was made for.")
    quantization = _quantization(header, name)
    summary = header.tensors
    return DownloadedModel(
        model_key=name.name,
        type=model_type(header),
        display_name=_display_name(header, file.relative),
        publisher=name.publisher,
        path=str(file.relative),
        file=file.file,
        mmproj=None,
        size_bytes=file.size_bytes,
        architecture=_short(header.architecture),
        params_string=_short(header.text("general.size_label"))
        or (params_string(summary.elements) if summary else None),
        quantization_name=quantization,
        quantization_bits=bits_of(quantization) if quantization else None,
        max_context_length=context_length,
        vision=False,
        trained_for_tool_use=_knows_tools(header),
        variants=(),
        selected_variant=None,
        header=header,
    )


def model_type(header: GgufHeader) -> ModelType:
    """Say what a model is for: it embeds if its answers are pooled, or its family only embeds."""
    pooled = header.of_architecture("pooling_type") is not None
    return "embedding" if pooled or header.architecture in EMBEDDING_ARCHITECTURES else "llm"


def _quantization(header: GgufHeader, name: FileName) -> str | None:
    """Name the quantisation: the header is right, the file name may only be more exact."""
    file_type = header.integer("general.file_type")
    file_type_name = FILE_TYPES.get(file_type) if file_type is not None else None
    if file_type_name is None and header.tensors and header.tensors.bytes_by_type:
        weights = header.tensors.bytes_by_type
        file_type_name = max(weights, key=weights.__getitem__)
    if name.quantization and (
        file_type_name is None or bits_of(name.quantization) == bits_of(file_type_name)
    ):
        return name.quantization
    return file_type_name


def _display_name(header: GgufHeader, relative: PurePosixPath) -> str:
    name = _short(header.text("general.name"), MAX_DISPLAY_NAME)
    if name:
        return name
    parts = (
        _short(header.text(f"general.{key}")) for key in ("basename", "size_label", "finetune")
    )
    return " ".join(part for part in parts if part) or relative.stem


def _short(text: str | None, limit: int = MAX_WORD) -> str | None:
    """Return what a header says, fit to be shown, and no longer than a line."""
    return None if text is None else safe(text.strip(), limit)


def _knows_tools(header: GgufHeader) -> bool:
    return any(
        isinstance(value, str) and "tools" in value
        for key, value in header.metadata.items()
        if key.startswith("tokenizer.chat_template")
    )


def _with_projector(model: DownloadedModel, beside: Sequence[ReadFile]) -> DownloadedModel:
    if not beside or model.type != "llm":
        return model

    def rank(projector: ReadFile) -> tuple[int, str]:
        quantization = _quantization(projector.header, read_name(projector.relative))
        known = quantization in _PROJECTOR_PREFERENCE
        order = _PROJECTOR_PREFERENCE.index(quantization) if known and quantization else 99
        return order, projector.relative.name

    projector = min(beside, key=rank)
    return replace(
        model,
        mmproj=projector.file,
        vision=True,
        size_bytes=model.size_bytes + projector.size_bytes,
    )


def _family(model_key: str, models: Sequence[DownloadedModel]) -> Family:
    if len(models) == 1:
        alone = replace(models[0], model_key=model_key)
        return Family(model_key, alone, ())
    labels = variant_labels([model.quantization_name or "unknown" for model in models])
    names = tuple(f"{model_key}@{label}" for label in labels)
    variants = tuple(
        replace(model, model_key=name, variants=names, selected_variant=name)
        for model, name in zip(models, names, strict=True)
    )
    chosen = variants[preferred(labels, [model.size_bytes for model in models])]
    return Family(model_key, replace(chosen, model_key=model_key), variants)
