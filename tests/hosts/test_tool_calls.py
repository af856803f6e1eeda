"""Tools, calls and results are said as LM Studio's published schemas describe them."""

import asyncio
from typing import Any

import pytest

from lms_jupyter.errors import HostReplyError
from lms_jupyter.hosts.base import LoadOrigin
from lms_jupyter.hosts.prediction import Message, PredictionStats, Sampling, step
from lms_jupyter.hosts.sdk import SdkHost
from lms_jupyter.hosts.tool_calls import ToolCall, ToolCallFailed, ToolDefinition, ToolResult
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.strict import strict
from tests.hosts.studio import Studio

KEY = "qwen/qwen3-4b"
ADD = ToolDefinition(
    name="add",
    description="Add two numbers.",
    parameters={"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
)
MESSAGES = (
    Message(role="system", text="Be short."),
    Message(role="user", text="What is 1 and 2?"),
    Message(
        role="assistant",
        text="",
        calls=(ToolCall(name="add", arguments={"a": 1}, call_id="1"), ToolCall(name="add")),
    ),
    Message(
        role="tool",
        text="",
        results=(ToolResult(content="3", call_id="1"), ToolResult(content="Error: no")),
    ),
    Message(role="user", text="Well?"),
)


async def answer(address: str) -> list[Any]:
    host = SdkHost(address)
    await host.connect()
    try:
        request = LoadRequest(model_key=KEY, mode="use")
        async for _ in host.use(request, by=LoadOrigin(load_id="l", kind="llm")):
            pass
        (instance,) = (await host.poll()).instances
        return [one async for one in host.respond(instance, MESSAGES, Sampling(tools=(ADD,)))]
    finally:
        await host.close()


def test_what_is_said_of_tools_is_what_lm_studio_understands() -> None:
    with Studio() as studio, strict(studio.address) as host:
        steps = asyncio.run(answer(host.address))

        assert isinstance(steps[-1], PredictionStats)
        assert ("llm", "predict") in host.sent()
        assert host.wrong() == []
        (asked,) = [
            one["value"]
            for one in host.passed
            if one["endpoint"] == "predict" and one["kind"] == "creation"
        ]
    assert "toolCallRequest" in str(asked["history"])
    assert "toolArray" in str(asked["predictionConfigStack"])


def test_calls_are_read_and_what_is_none_is_said() -> None:
    request = {"type": "function", "id": "7", "name": "add", "arguments": {"a": 1}}
    packet = {"type": "toolCallGenerationEnd", "toolCallRequest": request}

    assert step(packet) == ToolCall(name="add", arguments={"a": 1}, call_id="7")
    assert step({"type": "toolCallGenerationEnd", "toolCallRequest": {"name": "now"}}) == ToolCall(
        name="now"
    )
    failed = step({"type": "toolCallGenerationFailed", "error": {"title": "no JSON"}})
    assert failed == ToolCallFailed(reason="no JSON")
    assert isinstance(step({"type": "toolCallGenerationFailed"}), ToolCallFailed)


@pytest.mark.parametrize(
    "request_", [None, 5, {}, {"name": 5}, {"name": "a", "arguments": [1]}, {"name": "a", "id": []}]
)
def test_a_call_that_is_none_is_one_of_our_errors(request_: object) -> None:
    with pytest.raises(HostReplyError):
        step({"type": "toolCallGenerationEnd", "toolCallRequest": request_})
