"""Asks a host for its plan of a download, over the SDK's session."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import lmstudio

from lms_jupyter.errors import HostReplyError, HostTimeoutError
from lms_jupyter.hosts.base import Downloaded, DownloadStep, Offer
from lms_jupyter.hosts.channel import Channel, open_channel
from lms_jupyter.hosts.download_plans import BY_PLAN, DownloadPlan, read_plan
from lms_jupyter.hosts.sdk_downloads import followed
from lms_jupyter.hosts.sdk_private import AsyncSession

PATIENCE_S = 20.0
"""How long a host may take to ask its source."""


async def plan(repository: AsyncSession, name: str, quantization: str | None) -> DownloadPlan:
    """Ask what would be fetched of a model, and give the plan up again.

    Args:
        repository: The session of the namespace.
        name: `owner/name`: of LM Studio's hub, else of Hugging Face.
        quantization: Which file is wanted rather than the recommended one.

    Raises:
        lmstudio.LMStudioServerError: Neither has it, or the host makes no plans.
        HostTimeoutError: The host knows no plans, and is silent.
        HostReplyError: It is not what LM Studio promises.
    """
    owner, _, repo = name.partition("/")
    hub = {"type": "artifact", "owner": owner, "name": repo}
    hugging_face = {"type": "huggingface", "user": owner, "repo": repo}
    try:
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(lmstudio.LMStudioServerError):
                return await _plan(repository, name, hub, quantization)
            target = {"type": "model", "source": hugging_face}
            return await _plan(repository, name, target, quantization)
    except TimeoutError:
        raise HostTimeoutError(
            "This host does not answer when it is asked to plan a download.",
            hint="Use a newer LM Studio, or the embedded engine.",
        ) from None


async def _plan(
    repository: AsyncSession, name: str, target: Mapping[str, Any], quantization: str | None
) -> DownloadPlan:
    preference = [{"type": "quantName", "quantName": quantization}] if quantization else []
    parameters = {"target": target, "opts": {"resolutionPreference": preference}}
    async with (
        open_channel(repository, "createDownloadPlan", parameters) as channel,
        aclosing(channel.packets()) as packets,  # type: ignore[type-var]
    ):
        async for packet in packets:
            if packet.get("type") == "planReady":
                await channel.send("cancelPlan")
                return read_plan(name, packet.get("plan"))
    raise HostReplyError(f"The host broke off the plan of {name} without a reason.")


async def carry_out(repository: AsyncSession, offer: Offer) -> AsyncIterator[DownloadStep]:
    """Fetch what a plan of LM Studio's hub offers; closing this early calls the download off.

    Raises:
        DownloadFailedError: It could not be fetched.
    """
    owner, _, name = offer.name.partition("/")
    target = {"type": "artifact", "owner": owner, "name": name}
    parameters = {"target": target, "opts": {}}
    place = int(offer.download_id.removeprefix(BY_PLAN))
    async with open_channel(repository, "createDownloadPlan", parameters) as channel:

        async def agree(packet: Mapping[str, Any]) -> None:
            if packet.get("type") == "planReady":
                await _commit(channel, read_plan(offer.name, packet.get("plan")), place)

        steps = followed(
            channel,
            offer,
            call_off="cancelDownload",
            fetched=lambda _packet: Downloaded(model_key=offer.name),
            other=agree,
        )
        async with aclosing(steps):  # type: ignore[type-var]
            async for step in steps:
                yield step


async def _commit(channel: Channel, ready: DownloadPlan, place: int) -> None:
    if ready.selected != place:
        choice = {"selectedDownloadOptionIndex": place, "nodeIndex": ready.node}
        version = {"requestedPlanVersion": ready.version + 1}
        await channel.answer({"type": "setSelectedDownloadOptionIndex", **choice, **version})
    await channel.send("commit")
