"""Conversations that a later request may continue by the id of an answer."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from lms_jupyter.engine.errors import BadRequestError

MAX_CONVERSATIONS = 1000


class UnknownResponseError(BadRequestError):
    """No answer with this id is remembered."""

    code = "previous_response_not_found"
    http_status = 404

    def __init__(self, response_id: str) -> None:
        super().__init__(
            f"There is no response {response_id!r} to continue.",
            hint=f"The engine remembers the last {MAX_CONVERSATIONS} until it ends.",
        )


class Conversations:
    """Remembers what led to the most recent answers, the answers included."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Any, ...]] = OrderedDict()

    def recall(self, response_id: object) -> list[Any]:
        """Return what led to an answer; nothing if there is no id."""
        if response_id is None:
            return []
        try:
            self._known.move_to_end(str(response_id))
        except KeyError:
            raise UnknownResponseError(str(response_id)) from None
        return list(self._known[str(response_id)])

    def remember(self, items: Sequence[Any], response_id: str = "") -> str:
        """Keep a conversation under this id, or a new one; the oldest ones are forgotten."""
        known_as = response_id or f"resp_{secrets.token_hex(24)}"
        self._known[known_as] = tuple(items)
        while len(self._known) > MAX_CONVERSATIONS:
            self._known.popitem(last=False)
        return known_as
