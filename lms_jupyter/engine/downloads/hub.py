"""Asks a Hugging Face-style source of models what it has: `/api/models`, and the files of one.

The source is `$HF_ENDPOINT`, or huggingface.co; `$HF_TOKEN` is sent to it, and to nobody else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from lms_jupyter.engine.downloads.proxies import Proxy, proxy_for
from lms_jupyter.engine.errors import BadRequestError, DownloadFailedError, PathNotFoundError
from lms_jupyter.engine.library.naming import Part, part_of, preferred, read_name, variant_labels

DEFAULT_ENDPOINT: Final = "https://huggingface.co"
CONNECT_S: Final = 10.0
SILENCE_S: Final = 30.0
"""How long the source may say nothing before the connection counts as broken."""
MAX_ANSWER_BYTES: Final = 32 * 2**20
"""All pages of a list together."""
MAX_PAGES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file of a repository; `path` is below the repository."""

    path: str
    size_bytes: int
    sha256: str | None
    """In hexadecimal, where the source knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadOption:
    """One quantisation of a repository: everything that has to be fetched to use it."""

    repository: str
    quantization: str | None
    label: str
    files: tuple[RemoteFile, ...]
    """The model, all its parts, and the vision projector if there is one."""
    recommended: bool

    @property
    def identifier(self) -> str:
        """What `Downloads.start` takes to fetch exactly this."""
        return f"{self.repository}@{self.label}"

    @property
    def has_projector(self) -> bool:
        """Whether a vision projector is among the files."""
        return any(_is_projector(file) for file in self.files)

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)


class Hub:
    """A client of one source. `close` it."""

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        token: str | None = None,
        connect_s: float = CONNECT_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
        self._token = token or os.environ.get("HF_TOKEN")
        self._timeout = aiohttp.ClientTimeout(sock_connect=connect_s, sock_read=silence_s)
        self._session: aiohttp.ClientSession | None = None
        self._proxy: Proxy | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, made with its first use.

        Raises:
            DownloadFailedError: The environment names a proxy that cannot be used.
        """
        if self._session is None:
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            self._proxy = proxy_for(self.endpoint)
            self._session = aiohttp.ClientSession(
                headers=headers,
                timeout=self._timeout,
                trust_env=False,
                proxy=None if self._proxy is None else self._proxy.url,
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def search(self, term: str, limit: int = 10) -> tuple[str, ...]:
        """Return the repositories with GGUF files that fit a search term, most used first.

        Raises:
            DownloadFailedError: The source does not answer, or not as it should.
        """
        found = await self._list(
            "/api/models",
            {"search": term, "filter": "gguf", "sort": "downloads", "limit": str(limit)},
            enough=limit,
        )
        names = (entry.get("id") for entry in found if isinstance(entry, dict))
        good = [name for name in names if isinstance(name, str) and _is_repository(name)]
        return tuple(good[:limit])

    async def options(self, repository: str) -> tuple[DownloadOption, ...]:
        """Return what can be downloaded from a repository, `publisher/name`.

        Raises:
            PathNotFoundError: There is no such repository.
            DownloadFailedError: The source does not answer, or not as it should.
        """
        if not _is_repository(repository):
            raise BadRequestError(f"{repository!r} is not of the form publisher/repository.")
        listed = await self._list(
            f"/api/models/{quote(repository)}/tree/main", {"recursive": "true"}
        )
        files = [file for entry in listed if (file := _remote_file(entry)) is not None]
        return _options(repository, files)

    def url(self, repository: str, path: str) -> str:
        """Return where the bytes of a file are."""
        return f"{self.endpoint}/{quote(repository)}/resolve/main/{quote(path)}"

    async def _list(
        self, path: str, query: Mapping[str, str], *, enough: int | None = None
    ) -> list[Any]:
        """Return the entries of a list with all its pages, or until there are enough."""
        entries: list[Any] = []
        try:
            url: URL | None = URL(self.endpoint + path).with_query(query)
        except ValueError as error:
            raise self._unreachable(error) from error
        left = MAX_ANSWER_BYTES
        seen: set[URL] = set()
        while url is not None and (enough is None or len(entries) < enough):
            if url in seen or len(seen) >= MAX_PAGES:
                raise DownloadFailedError(f"{self.endpoint} lists {path!r} without end.")
            seen.add(url)
            body, url = await self._page(url, path, left)
            left -= len(body)
            try:
                page = msgspec.json.decode(body)
            except (ValueError, RecursionError) as error:
                raise self._unreadable() from error
            if not isinstance(page, list):
                raise self._unreadable()
            entries += page
        return entries

    async def _page(self, url: URL, path: str, limit: int) -> tuple[bytes, URL | None]:
        """Return one page and the address of the next."""
        try:
            async with self.session.get(url) as response:
                if response.status == 404:  # noqa: PLR2004
                    raise PathNotFoundError(path.removeprefix("/api/models/").split("/tree/")[0])
                if response.status in {401, 403}:
                    raise DownloadFailedError(
                        f"{self.endpoint} refuses access ({response.status}).",
                        hint="Set HF_TOKEN to a token that may read this repository.",
                    )
                if not response.ok:
                    raise DownloadFailedError(f"{self.endpoint} answered {response.status}.")
                return await self._whole(response, limit), self._next(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error

    async def _whole(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        """Read an answer to its end, however it is cut on the way."""
        body = bytearray()
        async for part in response.content.iter_any():
            body += part
            if len(body) > limit:
                raise DownloadFailedError(
                    f"{self.endpoint} answers with more than {MAX_ANSWER_BYTES // 2**20} MiB."
                )
        return bytes(body)

    def _next(self, response: aiohttp.ClientResponse) -> URL | None:
        """Return where a list goes on: at this source, even if a mirror names another one."""
        link = response.links.get("next")
        url = link.get("url") if link is not None else None
        if not isinstance(url, URL):
            return None
        here = URL(self.endpoint)
        return url if url.origin() == here.origin() else here.join(url.relative())

    def _unreachable(self, error: Exception) -> DownloadFailedError:
        why = str(error) or "no answer"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            hint = "Is SSL_CERT_FILE set? It names the certificates that are trusted."
        else:
            hint = "Check the network, or name another source in HF_ENDPOINT."
        route = ""
        if (proxy := self._proxy) is not None:
            route, why = f" through the proxy {proxy.name}", proxy.without_secrets(why)
            hint = f"Is that proxy right? {proxy.variable} names it; NO_PROXY makes exceptions."
        why = why.rstrip(".")
        return DownloadFailedError(
            f"The model source {self.endpoint} cannot be reached{route}: {why}.", hint=hint
        )

    def _unreadable(self) -> DownloadFailedError:
        return DownloadFailedError(
            f"{self.endpoint} answers, but not the way a model source does.",
            hint="Check HF_ENDPOINT.",
        )


def _is_repository(name: str) -> bool:
    return name.count("/") == 1 and is_safe(name)


def is_safe(path: str) -> bool:
    """Whether a path that the source names stays below the folder that it is put into."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not (
        path.startswith("/")
        or "\\" in path
        or not path.isprintable()
        or any(part in {".", ".."} or ":" in part for part in parts)
    )


def _remote_file(entry: object) -> RemoteFile | None:
    """Read one entry of a file list; `None` if it is no GGUF file."""
    if not isinstance(entry, dict) or entry.get("type") != "file":
        return None
    path, size = entry.get("path"), entry.get("size")
    if not isinstance(path, str) or not isinstance(size, int) or not is_safe(path):
        return None
    if isinstance(size, bool) or size < 0:
        return None
    if not path.lower().endswith(".gguf"):
        return None
    stored = entry.get("lfs")
    digest = stored.get("oid") if isinstance(stored, dict) else None
    sha256 = digest.removeprefix("sha256:").lower() if isinstance(digest, str) else None
    return RemoteFile(path=path, size_bytes=size, sha256=sha256)


def _is_projector(file: RemoteFile) -> bool:
    return "mmproj" in PurePosixPath(file.path).name.lower()


def _options(repository: str, files: Sequence[RemoteFile]) -> tuple[DownloadOption, ...]:
    projectors = [file for file in files if _is_projector(file)]
    wholes: dict[str, list[RemoteFile]] = {}
    for file in sorted(files, key=lambda file: file.path):
        if file not in projectors:
            part = part_of(PurePosixPath(file.path).stem)
            wholes.setdefault(_without_part(file.path, part), []).append(file)
    names = [read_name(PurePosixPath(repository) / whole) for whole in wholes]
    labels = variant_labels([name.quantization or name.name for name in names])
    sizes = [sum(file.size_bytes for file in parts) for parts in wholes.values()]
    best = preferred(labels, sizes) if labels else None
    return tuple(
        DownloadOption(
            repository=repository,
            quantization=name.quantization,
            label=label,
            files=(*parts, *projectors[:1]),
            recommended=number == best,
        )
        for number, (name, label, parts) in enumerate(
            zip(names, labels, wholes.values(), strict=True)
        )
    )


def _without_part(path: str, part: Part | None) -> str:
    return path if part is None else str(PurePosixPath(path).with_name(f"{part.whole}.gguf"))
