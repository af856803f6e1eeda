"""A page tries a prompt: the answer comes piece by piece, and ends with the page."""

import asyncio
import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.hosts.fake import FakeHost
from tests.server.conftest import WAIT_S, Door


async def opened(door: Door, query: str = "") -> WebSocketClientConnection:
    url = door.url("lms/prompt", query).replace("http", "ws", 1)
    socket = await websocket_connect(HTTPRequest(url, headers=door.key))
    door.sockets.append(socket)
    return socket


async def parts(socket: WebSocketClientConnection, message: Any) -> list[dict[str, Any]]:
    """Ask, and return everything that comes until the socket closes."""
    await socket.write_message(message if isinstance(message, bytes | str) else json.dumps(message))
    found = []
    async with asyncio.timeout(WAIT_S):
        while (part := await socket.read_message()) is not None:
            found.append(json.loads(part))
    socket.close()
    return found


async def test_an_answer_comes_in_pieces_and_ends_with_its_figures(
    door: Door, host: FakeHost
) -> None:
    instance = host.put(host.disk[0], identifier="chat")
    asked = {
        "identifier": "chat",
        "instance_reference": instance.instance_reference,
        "prompt": "Why is it blue?",
        "system": "Be short.",
        "temperature": 0.5,
        "max_tokens": 20,
    }

    found = await parts(await opened(door), asked)

    assert "".join(part.get("text", "") for part in found).strip() == "Why is it blue?"
    assert "stop_reason" in found[-1]["stats"]
    messages, sampling = host.prompts[0]
    assert [message.role for message in messages] == ["system", "user"]
    assert (sampling.temperature, sampling.max_tokens) == (0.5, 20)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (b"{", "something that is no prompt"),
        (b"[" * 5000, "something that is no prompt"),
        ({"identifier": "chat"}, "something that is no prompt"),
        ({"identifier": "chat", "prompt": 4}, "something that is no prompt"),
        ({"identifier": "chat", "prompt": "  "}, "the prompt is empty"),
        ({"identifier": "gone", "prompt": "Hello"}, "gone"),
        ({"identifier": "chat", "instance_reference": "other", "prompt": "Hello"}, "chat"),
    ],
)
async def test_what_makes_no_sense_is_one_sentence(
    door: Door, host: FakeHost, message: Any, sentence: str
) -> None:
    host.put(host.disk[0], identifier="chat")

    (part,) = await parts(await opened(door), message)

    assert sentence in part["problem"]["title"]
    assert host.prompts == []


async def test_who_may_not_look_does_not_ask_either(door: Door) -> None:
    url = door.url("lms/prompt").replace("http", "ws", 1)
    with pytest.raises(HTTPClientError) as error:
        await websocket_connect(HTTPRequest(url))
    assert error.value.code == 403
    with pytest.raises(HTTPClientError) as error:
        await opened(door, "?host=10.0.0.1:1")
    assert error.value.code == 404
