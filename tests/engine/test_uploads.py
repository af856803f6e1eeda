"""Files that clients send in: theirs while they are here, and never more than there is room for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from lms_jupyter.engine.prediction.uploads import Uploads

from .conftest import EngineProcess
from .raw import Raw, introduced

HELLO = "aGVsbG8="


async def _is_there(raw: Raw, identifier: str) -> bool:
    answer = await raw.call("getDocumentParsingLibrary", fileIdentifier=identifier)
    return "error" not in answer


@pytest.mark.asyncio
async def test_uploads_go_with_the_last_socket_of_their_client(engine: EngineProcess) -> None:
    async with introduced(engine.address, "files", clientIdentifier="other") as other:
        async with AsyncExitStack() as last:
            first = introduced(engine.address, "files", clientIdentifier="sender")
            async with first as raw:
                await last.enter_async_context(
                    introduced(engine.address, "system", clientIdentifier="sender")
                )
                sent = await raw.call("uploadFileBase64", name="a.txt", contentBase64=HELLO)
                mine = await other.call("uploadFileBase64", name="b.txt", contentBase64=HELLO)
            assert await _is_there(other, sent["identifier"])
        async with asyncio.timeout(10):
            while await _is_there(other, sent["identifier"]):  # until the engine has noticed
                pass
        assert await _is_there(other, mine["identifier"])


@pytest.mark.asyncio
async def test_uploads_go_with_a_client_that_is_cut_off(engine: EngineProcess) -> None:
    async with introduced(engine.address, "files", clientIdentifier="other") as other:
        async with introduced(engine.address, "files", clientIdentifier="cut") as raw:
            sent = await raw.call("uploadFileBase64", name="a.txt", contentBase64=HELLO)
            connection = raw.socket.get_extra_info("socket")
            assert connection is not None
            raw.socket._response.connection.transport.abort()  # type: ignore[union-attr]
        async with asyncio.timeout(10):
            while await _is_there(other, sent["identifier"]):  # until the engine has noticed
                pass


def test_too_many_files_make_their_senders_oldest_go() -> None:
    files = Uploads(max_files=3)
    theirs = files.add("theirs", b"x", "them")
    mine = [files.add(str(number), b"x", "me") for number in range(5)]

    assert len(files) == 3
    assert files.find(theirs.identifier) is theirs
    assert [files.find(one.identifier) is one for one in mine] == [False, False, False, True, True]


def test_too_large_files_make_the_oldest_go() -> None:
    files = Uploads(max_bytes=10)
    theirs = files.add("theirs", b"x" * 6, "them")
    mine = files.add("mine", b"x" * 6, "me")

    assert files.find(theirs.identifier) is None
    assert files.find(mine.identifier) is mine
    files.forget("nobody")
    files.forget("me")
    assert len(files) == 0
