"""Files that clients send in: kept in memory, until their client has gone or others need room."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass

MAX_BYTES = 512 * 2**20
"""When all files together weigh more, the oldest ones are forgotten."""

MAX_FILES = 1000
"""The same for their number."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF", "application/pdf"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file."""

    identifier: str
    name: str
    content: bytes
    media_type: str
    owner: str
    """The identifier of the client that sent it."""

    @property
    def is_image(self) -> bool:
        """Whether a vision model can look at it."""
        return self.media_type.startswith("image/")

    @property
    def file_type(self) -> str:
        """The kind of file, in LM Studio's words."""
        if self.is_image:
            return "image"
        known = {"application/pdf", "text/plain"}
        return self.media_type if self.media_type in known else "unknown"


class Uploads:
    """All files, by identifier."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._files: OrderedDict[str, Upload] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._files)

    def add(self, name: str, content: bytes, owner: str) -> Upload:
        """Keep a file; the same file again gets another identifier.

        Where there is no room, the oldest file of the same client is forgotten, else the oldest.
        """
        upload = Upload(
            identifier=secrets.token_hex(12),
            name=name,
            content=content,
            media_type=media_type(content),
            owner=owner,
        )
        self._files[upload.identifier] = upload
        self._bytes += len(content)
        while self._is_full and len(self._files) > 1:
            own = (
                file for file in self._files.values() if file.owner == owner and file is not upload
            )
            self._forget(next(own, next(iter(self._files.values()))))
        return upload

    def forget(self, owner: str) -> None:
        """Let go of everything that a client has sent: it has gone."""
        for upload in [file for file in self._files.values() if file.owner == owner]:
            self._forget(upload)

    @property
    def _is_full(self) -> bool:
        return self._bytes > self._max_bytes or len(self._files) > self._max_files

    def _forget(self, upload: Upload) -> None:
        del self._files[upload.identifier]
        self._bytes -= len(upload.content)

    def find(self, identifier: str) -> Upload | None:
        """Return the file with this identifier, if it is still there."""
        return self._files.get(identifier)


def media_type(content: bytes) -> str:
    """Tell what a file is from how it begins."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    try:
        content[:4096].decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"
