"""A scripted model, and cells that let it call tools."""

import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lms_jupyter.api.answers import Answer
from lms_jupyter.hosts.prediction import (
    Message,
    PredictionEvent,
    PredictionFragment,
    PredictionStats,
    Sampling,
)
from lms_jupyter.hosts.tool_calls import ToolCall, ToolCallFailed
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.protocol.models import Instance
from tests.hosts.fake import FakeHost, fake_model

Said = str | ToolCall | ToolCallFailed


def call(name: str = "add", /, **arguments: object) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, call_id="1")


class Scripted(FakeHost):
    """Says what it is told to, an answer a round; the last one again and again."""

    def __init__(self, *rounds: Sequence[Said]) -> None:
        super().__init__(fake_model())
        self.rounds = list(rounds)

    async def respond(
        self,
        instance: Instance,  # noqa: ARG002 - the protocol of hosts
        messages: Sequence[Message],
        sampling: Sampling,
    ) -> AsyncIterator[PredictionEvent]:
        self.prompts.append((tuple(messages), sampling))
        said = self.rounds[min(len(self.prompts), len(self.rounds)) - 1]
        for each in said:
            if isinstance(each, str):
                yield PredictionFragment(text=each)
            elif sampling.tools:
                yield each
        yield PredictionStats(stop_reason="eosFound")

    @property
    def told(self) -> list[str]:
        """What came of the calls, as the model was told in its last round."""
        messages, _ = self.prompts[-1]
        return [result.content for message in messages for result in message.results]


Ask = Callable[..., Answer]


@pytest.fixture
def host() -> Scripted:
    return Scripted([call(a=12, b=30)], ["It is ", "42."])


@pytest.fixture
def ask(
    shell: InteractiveShell, magics: LmsMagics, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ask]:
    """Runs a cell, and answers what it asks with these lines."""
    asked: list[int] = []

    def add(a: int, b: int = 1) -> int:
        """Add two numbers."""
        asked.append(a)
        return a + b

    shell.user_ns["add"] = add
    shell.user_ns["asked"] = asked

    def run(line: str = "--tools add --yes", *lines: str, **names: object) -> Answer:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        shell.user_ns |= names
        shell.run_cell_magic("lms", f"qwen3-4b {line} --as answer", "What is 12 plus 30?")  # type: ignore[no-untyped-call]
        answer: Answer = shell.user_ns["answer"]
        return answer

    assert magics.context.names is shell.user_ns
    return run  # type: ignore[return-value]
