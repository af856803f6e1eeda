"""Files that clients send in: kept in memory, the oldest forgotten first."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass

MAX_BYTES = 512 * 2**20
"""When all files together weigh more, the oldest ones are forgotten."""

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

    def __init__(self) -> None:
        self._files: OrderedDict[str, Upload] = OrderedDict()
        self._bytes = 0

    def add(self, name: str, content: bytes) -> Upload:
        """Keep a file; the same file again gets another identifier."""
        upload = Upload(
            identifier=secrets.token_hex(12),
            name=name,
            content=content,
            media_type=media_type(content),
        )
        self._files[upload.identifier] = upload
        self._bytes += len(content)
        while self._bytes > MAX_BYTES and len(self._files) > 1:
            _, oldest = self._files.popitem(last=False)
            self._bytes -= len(oldest.content)
        return upload

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
