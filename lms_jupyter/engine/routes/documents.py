"""What the namespace `files` does with documents: read their text, and search it by meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lms_jupyter.engine.errors import BadRequestError, UnsupportedError
from lms_jupyter.engine.instances import selection
from lms_jupyter.engine.instances.instance import Instance
from lms_jupyter.engine.prediction.documents import Passage, passages, similarity
from lms_jupyter.engine.prediction.uploads import Upload
from lms_jupyter.engine.routes.connection import Channel, ChannelHandler, Rpc
from lms_jupyter.engine.routes.handshake import Caller
from lms_jupyter.engine.services import Services
from lms_jupyter.engine.version import VERSION
from lms_jupyter.engine.wire.fields import an_object, text
from lms_jupyter.engine.wire.kv import Key, collapse, integer, read
from lms_jupyter.engine.wire.kv import text as is_text

PARSER: Final = {"library": "plain-text", "version": VERSION}
TOGETHER: Final = 16
"""How many passages are embedded by one request."""


def _chunking(value: object) -> tuple[int, int]:
    """Read how to cut documents: the size of a passage and the overlap, in characters."""
    if not isinstance(value, Mapping) or value.get("type") != "recursive-v1":
        raise ValueError("the chunking method 'recursive-v1'")
    size, overlap = integer(1, 2**20)(value.get("chunkSize")), value.get("chunkOverlap")
    return size, integer(0, size - 1)(overlap)


_KEYS: Final = (
    Key(name="retrieval.chunkingMethod", field="chunking", read=_chunking),
    Key(name="retrieval.limit", field="limit", read=integer(1)),
    Key(name="retrieval.embeddingModel", field="model", read=is_text),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How to search. There is no database: files live as long as their client, and so do these."""

    chunking: tuple[int, int] = (512, 100)
    limit: int = 5
    model: str = ""


def rpcs(services: Services) -> dict[str, Rpc]:
    """Return the calls."""
    return {"getDocumentParsingLibrary": partial(_library, services)}


def channels(services: Services) -> dict[str, ChannelHandler]:
    """Return the channels."""
    return {"parseDocument": partial(_parse, services), "retrieve": partial(_retrieve, services)}


def _library(services: Services, _caller: Caller, parameter: Any) -> dict[str, Any]:
    _text_of(_find(services, text(an_object(parameter), "fileIdentifier")))
    return PARSER


async def _parse(services: Services, channel: Channel) -> None:
    """`parseDocument`: the text of a file."""
    content = _text_of(_find(services, text(an_object(channel.parameter), "fileIdentifier")))
    channel.send({"type": "parserLoaded", "parser": PARSER})
    channel.send({"type": "progress", "progress": 1.0})
    channel.send({"type": "result", "content": content, "parser": PARSER})


async def _retrieve(services: Services, channel: Channel) -> None:
    """`retrieve`: the passages that are closest to a question, over several files."""
    asked = an_object(channel.parameter)
    names = asked.get("fileIdentifiers")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadRequestError("'fileIdentifiers' has to be a list of texts.")
    query = text(asked, "query")
    search = Search(**read(collapse({"layers": [{"config": asked.get("config")}]}), _KEYS))
    contents = [_text_of(_find(services, name)) for name in names]
    model = selection.Query(identifier=search.model or None)
    instance = selection.select(services.registry.instances, model, "embedding")
    async with channel.interrupted_by("stop"):
        channel.send({"type": "onFileProcessList", "indices": list(range(len(contents)))})
        found: list[dict[str, Any]] = []
        (wanted,) = await services.inference.embed_all(instance, [query])
        for index, content in enumerate(contents):
            channel.send({"type": "onFileProcessingStart", "index": index})
            cut = await asyncio.to_thread(passages, content, *search.chunking)
            for step in ("loading", "chunking"):
                _tell_step(channel, index, step, "Start")
                _tell_step(channel, index, step, "End")
            vectors = await _embedded(services, channel, instance, index, cut)
            found += await asyncio.to_thread(_entries, index, cut, vectors, wanted)
            channel.send({"type": "onFileProcessingEnd", "index": index})
        channel.send({"type": "onSearchingStart"})
        found.sort(key=lambda entry: -entry["score"])
        channel.send({"type": "onSearchingEnd"})
        channel.send({"type": "result", "result": {"entries": found[: search.limit]}})


async def _embedded(
    services: Services, channel: Channel, instance: Instance, index: int, cut: Sequence[Passage]
) -> list[list[float]]:
    """Embed the passages of one file, some at a time."""
    vectors: list[list[float]] = []
    _tell_step(channel, index, "embedding", "Start")
    for place in range(0, len(cut), TOGETHER):
        some = [passage.text for passage in cut[place : place + TOGETHER]]
        vectors += await services.inference.embed_all(instance, some)
        fraction = len(vectors) / len(cut)
        _tell_step(channel, index, "embedding", "Progress", progress=fraction)
        await channel.room()
    _tell_step(channel, index, "embedding", "End")
    return vectors


def _tell_step(channel: Channel, index: int, step: str, what: str, **more: float) -> None:
    channel.send({"type": f"onFileProcessingStep{what}", "index": index, "step": step} | more)


def _entries(
    index: int, cut: Sequence[Passage], vectors: Sequence[list[float]], wanted: list[float]
) -> list[dict[str, Any]]:
    return [
        {
            "content": passage.text,
            "score": similarity(vector, wanted),
            "sourceIndex": index,
            "lineNumber": [passage.first_line, passage.last_line],
        }
        for passage, vector in zip(cut, vectors, strict=True)
    ]


def _find(services: Services, identifier: str) -> Upload:
    upload = services.uploads.find(identifier)
    if upload is None:
        raise BadRequestError(
            f"There is no uploaded file {identifier!r}.", hint="Upload it again; it was forgotten."
        )
    return upload


def _text_of(upload: Upload) -> str:
    """Return the text of a file; other documents than plain ones are not understood."""
    if upload.file_type != "text/plain":
        raise UnsupportedError(
            f"This engine reads documents of plain text, and {upload.name!r} is of the type "
            f"{upload.media_type}.",
            hint="Convert it to text or Markdown first.",
        )
    return upload.content.decode(errors="replace")
