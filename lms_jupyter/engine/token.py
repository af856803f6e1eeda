"""The API token that an engine wants from its clients, in the form that LM Studio gives out."""

from __future__ import annotations

import hmac
import re
import secrets
import string
from typing import Final

from lms_jupyter.engine.errors import BadRequestError

_FORM: Final = re.compile(r"sk-lm-([A-Za-z0-9]{8}):([A-Za-z0-9]{20})")
_LETTERS: Final = string.ascii_letters + string.digits


class Token:
    """A token. It is written out nowhere but by `reveal`."""

    __slots__ = ("_identifier", "_passkey")

    def __init__(self, text: str) -> None:
        """Take a token as LM Studio writes it.

        Raises:
            BadRequestError: It is none. It is not repeated: errors end up in logs.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise BadRequestError(
                "The API token is not of the form that LM Studio gives out.",
                hint="sk-lm-, 8 letters or digits, a colon, and 20 more letters or digits.",
            )
        self._identifier, self._passkey = match.groups()

    @classmethod
    def new(cls) -> Token:
        """Make one that nobody can guess."""
        letters = "".join(secrets.choice(_LETTERS) for _ in range(28))
        return cls(f"sk-lm-{letters[:8]}:{letters[8:]}")

    def is_shown_by(self, text: str) -> bool:
        """Whether a text is this token; takes as long whatever the text is."""
        return hmac.compare_digest(text.encode(errors="replace"), self.reveal().encode())

    def is_carried_by(self, identifier: str, passkey: str) -> bool:
        """Whether the first frame of a WebSocket carries this token: the SDKs split it in two."""
        return self.is_shown_by(f"sk-lm-{identifier}:{passkey}")

    def proof(self, challenge: str) -> str:
        """Return what only who has this token can say to a challenge."""
        key, message = self.reveal().encode(), challenge.encode(errors="replace")
        return hmac.new(key, message, "sha256").hexdigest()

    def reveal(self) -> str:
        """Return it as a client writes it."""
        return f"sk-lm-{self._identifier}:{self._passkey}"

    def credentials(self) -> tuple[str, str]:
        """Return it as the first frame of a WebSocket carries it: identifier and passkey."""
        return self._identifier, self._passkey

    def __repr__(self) -> str:
        return "Token(…)"
