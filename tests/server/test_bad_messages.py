"""Messages that are no commands: each is told what it is, and nobody else notices."""

import json
from typing import Any, get_args

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from lms_jupyter.hosts.base import Offer
from lms_jupyter.protocol.commands import Question
from lms_jupyter.server.limits import MAX_DEPTH, read_message
from tests.hosts.fake import FakeHost
from tests.server.conftest import QWEN, Door

DEEP = 20_000
LEVELS = b"[" * DEEP + b"]" * DEEP
MESSAGES = {
    "nothing": b"",
    "half an object": b"{",
    "deep lists": LEVELS,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a deep number": b'{"rid":' + LEVELS + b',"command":{"kind":"refresh"}}',
    "a deep command": b'{"rid":"1","command":' + LEVELS + b"}",
    "what is no UTF-8": b'{"rid":"\xff","command":{"kind":"refresh"}}',
    "half a letter": b'{"rid":"\\ud800","command":{"kind":"refresh"}}',
    "NaN": b'{"rid":"1","expires_at":NaN,"command":{"kind":"refresh"}}',
    "an endless number": b'{"rid":"1","expires_at":1e999,"command":{"kind":"refresh"}}',
    "a list": b"[]",
    "a number that is no text": b'{"rid":1,"command":{"kind":"refresh"}}',
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "estimate": {"model_key": QWEN},
    "find_downloads": {"words": "qwen"},
    "list_hosts": {},
    "list_profiles": {},
    "read_diary": {},
}


def test_every_question_is_tried_here() -> None:
    kinds = {question.__struct_config__.tag for question in get_args(Question)}

    assert kinds == QUESTIONS.keys()


@pytest.mark.parametrize("kind", QUESTIONS)
async def test_every_question_of_a_script_is_answered(door: Door, kind: str) -> None:
    body = {"rid": "1", "command": {"kind": kind} | QUESTIONS[kind]}

    answer = await door.ask("lms/command", headers=door.key, body=body)

    said = json.loads(answer.body)
    assert answer.code == (400 if said["kind"] == "refused" else 200), said


async def test_what_is_found_is_told_to_a_script(door: Door, host: FakeHost) -> None:
    host.market.append(Offer(name="publisher/found", download_id="found", size_bytes=1))
    body = {"rid": "1", "command": {"kind": "find_downloads", "words": "found"}}

    answer = await door.ask("lms/command", headers=door.key, body=body)

    assert (answer.code, json.loads(answer.body)["kind"]) == (200, "found")


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_script_that_sends_nonsense_is_told(door: Door, name: str) -> None:
    request = HTTPRequest(
        door.url("lms/command"), method="POST", headers=door.key, body=MESSAGES[name]
    )

    answer = await AsyncHTTPClient().fetch(request, raise_error=False)

    assert answer.code == 400, answer.body
    assert json.loads(answer.body)["problem"]["code"] == "command_error"


@pytest.mark.parametrize("binary", [False, True])
async def test_a_page_that_sends_nonsense_keeps_its_socket(door: Door, *, binary: bool) -> None:
    page = await door.listen()
    await page.connected()

    for message in MESSAGES.values():
        if not binary and b"\xff" in message:
            continue  # such a text frame breaks the protocol of websockets itself
        await page.socket.write_message(message if binary else message.decode(), binary=binary)
        said = await page.until(lambda message: "reply" in message)
        assert said["reply"]["problem"]["code"] == "command_error"

    assert (await page.send(kind="refresh"))["reply"]["kind"] == "accepted"


def test_levels_are_counted_exactly() -> None:
    inside, outside = (b"[" * depth + b"]" * depth for depth in (MAX_DEPTH, MAX_DEPTH + 1))

    assert read_message(inside)
    with pytest.raises(ValueError, match="nested too deep"):
        read_message(outside)
