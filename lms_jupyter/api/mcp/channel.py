"""What the two ways to an MCP server have in common."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

MOST_BYTES: Final = 16_000_000
"""Of one message: a server that sends more has lost its way."""

Message = Mapping[str, Any]
"""JSON-RPC's."""


class McpChannel(Protocol):
    """A way to one server; whoever opens it closes it."""

    def exchange(self, message: Message, *, timeout_s: float | None) -> Iterator[Message]:
        """Send a request; yield what the server says until that is answered.

        Raises:
            McpError: The server cannot be asked, or does not answer in time.
        """
        ...

    def send(self, message: Message) -> None:
        """Send what needs no answer.

        Raises:
            McpError: The server cannot be reached.
        """
        ...

    def agree(self, version: str) -> None:
        """Note the version of the protocol that the server has chosen."""
        ...

    def close(self) -> None:
        """End it, and the process if there is one."""
        ...


def is_answer(message: Message, number: object) -> bool:
    """Say whether a message answers the request with this number."""
    return "method" not in message and message.get("id") == number
