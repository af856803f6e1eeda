"""Documents that clients send in: their text, its passages, and a search in them by meaning."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator
from typing import Any

import lmstudio
import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from lms_jupyter.engine.prediction.documents import passages
from lms_jupyter.engine.settings import SHIPPED_MODELS

from . import schemas_documents as schemas
from .conftest import EngineProcess, start_engine
from .raw import Raw, introduced
from .schemas import Progress

MARKDOWN = """# Memory

Use a smaller context, or a model with fewer bits, to use less memory.

# Text as numbers

An embedding is a list of numbers that describes the meaning of a text.

# Cats

Once upon a time there was a young cat named Ada.
"""


GAPS = st.lists(st.sampled_from(["", "", "", " ", "  ", ". ", "\n", "\n\n"]), max_size=120)


@given(GAPS, st.integers(1, 40), st.data())
def test_passages_are_short_overlap_little_and_leave_nothing_out(
    gaps: list[str], size: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    text = "".join(f"{gap}{chr(0x4E00 + place)}" for place, gap in enumerate(gaps))
    lines = text.split("\n")
    kept: set[str] = set()
    end = 0
    for passage in passages(text, size, overlap):
        assert 0 < len(passage.text) <= size
        begin = text.index(passage.text, max(0, end - overlap))
        assert begin + len(passage.text) > end
        end = begin + len(passage.text)
        kept |= set(passage.text)
        assert passage.text in "\n".join(lines[passage.first_line - 1 : passage.last_line])
    assert set(text) - kept <= set(" .\n")


def test_a_text_is_cut_between_paragraphs_where_they_fit() -> None:
    cut = passages(MARKDOWN, 95, 0)
    assert [(one.first_line, one.last_line) for one in cut] == [(1, 3), (5, 7), (9, 11)]
    for one, other in itertools.pairwise(passages("word " * 100, 50, 20)):
        assert other.text.startswith(one.text[-19:])


@pytest_asyncio.fixture
async def files(reading: EngineProcess) -> AsyncIterator[Raw]:
    async with introduced(reading.address, "files") as raw:
        yield raw


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An engine with the shipped embedding model loaded."""
    engine = start_engine(SHIPPED_MODELS, tmp_path_factory.mktemp("reading") / "log")
    with lmstudio.Client(engine.address) as client:
        client.embedding.load_new_instance("tutor-embed", "embed", ttl=None)
        yield engine
    assert engine.stop() == 0


async def _upload(files: Raw, name: str, content: bytes) -> str:
    encoded = base64.b64encode(content).decode()
    said = await files.call("uploadFileBase64", name=name, contentBase64=encoded)
    return str(said["identifier"])


def _config(**settings: Any) -> dict[str, Any]:
    fields = [{"key": f"retrieval.{name}", "value": value} for name, value in settings.items()]
    return {"fields": fields}


@pytest.mark.asyncio
async def test_the_text_of_a_plain_document_is_told(files: Raw) -> None:
    name = await _upload(files, "notes.md", MARKDOWN.encode())
    packets, last = await files.end(await files.open("parseDocument", fileIdentifier=name))
    assert last["type"] == "channelClose"
    told = [msgspec.convert(packet, schemas.PARSE) for packet in packets]
    assert [type(one) for one in told] == [
        schemas.ParserLoaded,
        Progress,
        schemas.Parsed,
    ]
    assert packets[-1]["content"] == MARKDOWN
    library = await files.call("getDocumentParsingLibrary", fileIdentifier=name)
    assert library == packets[0]["parser"]


@pytest.mark.asyncio
@pytest.mark.parametrize("endpoint", ["parseDocument", "retrieve"])
async def test_other_documents_are_refused_with_their_type(files: Raw, endpoint: str) -> None:
    name = await _upload(files, "paper.pdf", b"%PDF-1.7 \x00")
    more = {"fileIdentifier": name, "fileIdentifiers": [name], "query": "?", "config": _config()}
    _, last = await files.end(await files.open(endpoint, **more))
    assert "plain text, and 'paper.pdf' is of the type application/pdf" in last["error"]["title"]
    assert (await files.call("getDocumentParsingLibrary", fileIdentifier=name))[
        "type"
    ] == "rpcError"


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["how to use less memory", "what is an embedding"])
async def test_the_passage_that_answers_comes_first_with_its_lines(files: Raw, query: str) -> None:
    names = [await _upload(files, "notes.md", MARKDOWN.encode())]
    names.append(await _upload(files, "empty.txt", b"   "))
    config = _config(
        limit=2,
        embeddingModel="embed",
        chunkingMethod={"type": "recursive-v1", "chunkSize": 95, "chunkOverlap": 0},
    )
    channel = await files.open("retrieve", query=query, fileIdentifiers=names, config=config)
    packets, last = await files.end(channel)
    assert last["type"] == "channelClose"
    told = [msgspec.convert(packet, schemas.RETRIEVE) for packet in packets]
    assert {type(one) for one in told} == set(schemas.RETRIEVE.__args__)
    entries = packets[-1]["result"]["entries"]
    assert len(entries) == 2
    assert entries[0]["score"] > entries[1]["score"]
    lines = [1, 3] if "memory" in query else [5, 7]
    assert (entries[0]["sourceIndex"], entries[0]["lineNumber"]) == (0, lines)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fileIdentifiers": ["nothing"]}, "There is no uploaded file 'nothing'"),
        ({"fileIdentifiers": "x"}, "'fileIdentifiers' has to be a list"),
        ({"query": 5}, "'query' has to be text"),
        ({"config": _config(limit=0)}, "'retrieval.limit' has to be a whole number from 1"),
        ({"config": _config(embeddingModel="ghost")}, "No loaded model matches identifier 'ghost'"),
        ({"config": _config(chunkingMethod={"type": "new"})}, "'retrieval.chunkingMethod' has to"),
        ({"config": None}, ""),
    ],
)
async def test_what_is_wrong_with_a_search_is_said(
    files: Raw, changes: dict[str, Any], told: str
) -> None:
    asked = {"query": "x", "fileIdentifiers": [], "config": _config()} | changes
    _, last = await files.end(await files.open("retrieve", **asked))
    if told:
        assert told in last["error"]["title"]
    else:
        assert last["type"] == "channelClose"


@pytest.mark.asyncio
async def test_a_search_that_is_stopped_ends_without_a_result(files: Raw) -> None:
    name = await _upload(files, "long.txt", MARKDOWN.encode() * 400)
    channel = await files.open("retrieve", query="x", fileIdentifiers=[name], config=_config())
    await files.packet(channel, "onFileProcessingStepProgress")
    await files.say(channel, "stop")
    async with asyncio.timeout(10):
        packets, last = await files.end(channel)
    assert last["type"] == "channelClose"
    assert not any(packet["type"] == "result" for packet in packets)
