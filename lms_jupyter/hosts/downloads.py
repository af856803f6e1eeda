"""Downloads as jobs of the embedded engine: they can be paused, and go on where they stopped."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx

from lms_jupyter.errors import CommandError, DownloadFailedError, HostUnreachableError
from lms_jupyter.hosts.announcements import announced_token
from lms_jupyter.hosts.base import Downloading, Offer, pauses_downloads
from lms_jupyter.hosts.reading import noun, one_line, reads, table, text
from lms_jupyter.hosts.straight import straight_client
from lms_jupyter.protocol.models import HostInfo

PATH = "/api/v1/models/download"
LOOK_EVERY_S = 0.2
TIMEOUT_S = 20.0


class DownloadJobs:
    """The engine's jobs, over its REST calls."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self._address = address
        self._token = announced_token(address) or token

    async def follow(self, offer: Offer) -> AsyncGenerator[Downloading]:
        """Start a job or go on with a paused one; closing the iterator early pauses it.

        Raises:
            DownloadFailedError: It failed, or somebody else paused it or called it off.
        """
        limit = offer.bytes_per_second
        limits = {} if limit is None else {"max_bytes_per_second": limit}
        reply = await self._post("", {"model": offer.download_id, **limits})
        job_id = _job(reply)
        if job_id is None:
            return
        is_running = True
        try:
            while _state(reply) == "downloading":
                yield _moved(reply, offer)
                await asyncio.sleep(LOOK_EVERY_S)
                reply = await self._ask("GET", f"{PATH}/status/{job_id}")
            is_running = False
        finally:
            if is_running:
                await asyncio.shield(self._change("pause", job_id))
        if _state(reply) == "paused":
            raise DownloadFailedError(
                f"Fetching {offer.name} was paused by somebody else.",
                hint="Ask for it again, and it goes on from there.",
            )
        if _state(reply) != "completed":
            reason = _reason(reply) or "it was called off"
            raise DownloadFailedError(f"{offer.name} could not be fetched: {reason}")
        yield _moved(reply, offer)

    async def cancel(self, offer: Offer) -> None:
        """Call a job off and have what was fetched of it removed."""
        reply = await self._post("", {"model": offer.download_id})
        if (job_id := _job(reply)) is not None:
            await self._change("cancel", job_id)

    async def _change(self, change: str, job_id: str) -> None:
        await self._post(f"/{change}/{job_id}", {})

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", f"{PATH}{path}", body)

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with await straight_client(self._address, timeout_s=TIMEOUT_S) as client:
            try:
                response = await client.request(method, path, json=body, headers=headers)
            except httpx.HTTPError as error:
                raise HostUnreachableError(
                    f"The connection to the host at {self._address} is gone.",
                    hint="What was fetched stays; ask again when it runs.",
                ) from error
        reply = _reply(response)
        if response.is_error:
            raise DownloadFailedError(
                _reason(reply) or f"The engine answered HTTP {response.status_code}."
            )
        return reply


async def discard(host: HostInfo, offer: Offer, token: str | None = None) -> None:
    """Call a download off on a host.

    Raises:
        CommandError: This host has no call for that.
    """
    if not pauses_downloads(host):
        raise CommandError(
            f"{host.name} keeps what it has of a download to itself.",
            hint="Remove it in the window of LM Studio.",
        )
    await DownloadJobs(host.address, token).cancel(offer)


@reads("a download")
def _reply(response: httpx.Response) -> dict[str, Any]:
    return dict(table(response.json()))


@reads("a download")
def _moved(reply: Mapping[str, Any], offer: Offer) -> Downloading:
    fields = {
        "downloaded_bytes": reply.get("downloaded_bytes", 0),
        "total_bytes": reply.get("total_size_bytes") or offer.size_bytes,
        "bytes_per_second": reply.get("bytes_per_second", 0.0),
        "queue_position": reply.get("queue_position", 0),
    }
    return noun(fields, Downloading)


@reads("a download")
def _state(reply: Mapping[str, Any]) -> str:
    return text(reply["status"])


def _reason(reply: Mapping[str, Any]) -> str:
    error = reply.get("error")
    return one_line(str(error.get("message", ""))) if isinstance(error, Mapping) else ""


@reads("a download")
def _job(reply: Mapping[str, Any]) -> str | None:
    job_id = reply.get("job_id")
    return None if job_id is None else text(job_id)
