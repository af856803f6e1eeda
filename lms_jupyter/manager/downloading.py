"""Downloads: each is followed by a task, and keeps its row until it is done or called off."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from msgspec.structs import replace

from lms_jupyter.errors import (
    AmbiguousModelError,
    CommandError,
    DownloadFailedError,
    HostError,
    HostTimeoutError,
    LmsError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.base import Downloading, DownloadStep, Host, Offer, pauses_downloads
from lms_jupyter.hosts.download_plans import DownloadPlan
from lms_jupyter.hosts.planned_offers import (
    offers_of_plan,
    plan_of_offers,
    planned_of,
)
from lms_jupyter.manager.events import (
    DownloadEnded,
    DownloadMoved,
    DownloadStarted,
    DownloadStopped,
    ModelsListed,
)
from lms_jupyter.manager.fetch import Fetch
from lms_jupyter.manager.manager import Manager
from lms_jupyter.protocol.models import Download, Downloadable, Problem
from lms_jupyter.protocol.replies import Found

EVERY_S = 0.25
"""Between two steps that are applied."""
NAMES_LISTED = 20
PLAN_PATIENCE_S = 3.0
"""How long the files of a model are shown later for a plan that says more of them."""


async def find(words: str, host: Host) -> Found:
    """Say what could be fetched: the files of one name, or the names that the words fit.

    Raises:
        ModelNotFoundError: Nothing is called like this.
    """
    names = await _names(words.strip().strip("/"), host)
    if len(names) > 1:
        return Found(names=names[:NAMES_LISTED])
    found, plan = await asyncio.gather(_offers(names[0], host), _glance_at_plan(names[0], host))
    offers = [
        # A host may call the offer as it calls the file, and does not know that name when asked.
        Downloadable(
            name=names[0],
            quantization=offer.quantization,
            size_bytes=offer.size_bytes,
            recommended=offer.recommended,
            fits=offer.fits,
            **planned_of(offer, plan),
        )
        for offer in found
    ]
    return Found(names=names, offers=tuple(offers))


async def _glance_at_plan(name: str, host: Host) -> DownloadPlan | None:
    """Ask for a plan, which says more than offers do; nobody waits long for one."""
    with contextlib.suppress(LmsError, TimeoutError):
        async with asyncio.timeout(PLAN_PATIENCE_S):
            return await host.plan(name, None)
    return None


async def choose(name: str, quantization: str | None, host: Host, *, first: bool = False) -> Offer:
    """Choose the file that is meant, the recommended one if none is named.

    Args:
        name: Of what is offered, as `owner/name`, or words to search for.
        quantization: Of the file, or the file's own name.
        host: Which fetches it.
        first: Take the best of several that the words fit.

    Raises:
        ModelNotFoundError: There is nothing of this name.
        AmbiguousModelError: The words fit several, and are the name of none.
        CommandError: It does not come in this quantisation.
    """
    names = await _names(name, host)
    if len(names) > 1 and name not in names and not first:
        raise AmbiguousModelError(name, names[:NAMES_LISTED])
    name = name if name in names else names[0]
    offers = await _offers(name, host)
    if quantization is not None:
        wanted = quantization.lower()
        kinds = dict.fromkeys(offer.quantization or offer.name for offer in offers)
        offers = [
            offer
            for offer in offers
            if wanted in ((offer.quantization or "").lower(), offer.name.lower())
        ]
        if not offers:
            raise CommandError(
                f"There is no file of {name} as {quantization} to download.",
                hint=f"It comes as {', '.join(kinds)}.",
            )
    return next((offer for offer in offers if offer.recommended), offers[0])


async def plan(
    name: str, quantization: str | None, host: Host, *, first: bool = False
) -> DownloadPlan:
    """Say what would be fetched under a name, and what there is to choose from.

    Raises:
        LmsError: As `choose` does.
    """
    names = await _names(name, host)
    if len(names) > 1 and name not in names and not first:
        raise AmbiguousModelError(name, names[:NAMES_LISTED])
    found = name if name in names else names[0]
    try:
        return await host.plan(found, quantization)
    except HostTimeoutError:
        # It is older than plans are: what it offers says nearly as much.
        chosen = await choose(found, quantization, host)
        return plan_of_offers(found, await _offers(found, host), chosen)


async def _names(words: str, host: Host) -> tuple[str, ...]:
    """Return what somebody may mean, best first; there is at least one."""
    names = (words,) if "/" in words else await host.search(words)
    if not names:
        raise ModelNotFoundError(words, to_download=True)
    return names


async def _offers(name: str, host: Host) -> Sequence[Offer]:
    # What else the host says, of itself or of its source, is said as it is.
    offers: Sequence[Offer] = ()
    with contextlib.suppress(ModelNotFoundError):
        offers = await host.offers(name)
    if not offers and "/" in name and not pauses_downloads(host.info):
        # LM Studio's hub knows models that its source of files does not, by plans alone.
        with contextlib.suppress(HostError, ModelNotFoundError):
            offers = offers_of_plan(await host.plan(name, None))
    if not offers:
        raise ModelNotFoundError(name, to_download=True)
    return offers


async def begin(
    name: str,
    quantization: str | None,
    manager: Manager,
    *,
    bytes_per_second: float | None = None,
) -> None:
    """Fetch a model to the end; one that is under way or paused goes on.

    Raises:
        LmsError: `choose` finds nothing to fetch. What happens later is shown in the row.
        CommandError: The host cannot be told how fast to fetch.
    """
    host = manager.connected_host
    if bytes_per_second is not None and not pauses_downloads(host.info):
        raise CommandError(
            f"{host.info.name} cannot be told how fast to fetch.",
            hint="Leave the limit out, or set one there.",
        )
    offer = await choose(name, quantization, host)
    offer = replace(offer, bytes_per_second=bytes_per_second)
    fetch = manager.downloads.setdefault(offer.download_id, Fetch(offer=offer, host=host))
    await _run(fetch, manager)


async def fetch(offer: Offer, manager: Manager, moved: Callable[[Downloading], None]) -> str:
    """Fetch a file in the time of whoever asks, and return the key of the model.

    Cancelling this pauses the download where the host can, and calls it off elsewhere.

    Args:
        offer: What is fetched.
        manager: On whose host; its slices have a row of it meanwhile.
        moved: Called with each step.

    Raises:
        DownloadFailedError: It could not be fetched, or somebody stopped it elsewhere.
    """
    host = manager.connected_host
    fetch = manager.downloads.setdefault(offer.download_id, Fetch(offer=offer, host=host))
    fetch.task = task = manager.spawn(_take(fetch, manager, moved))
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is None or not current.cancelling():
            raise DownloadFailedError(
                f"Fetching {offer.name} was stopped elsewhere.", hint="Ask for it again to go on."
            ) from None
        if pauses_downloads(host.info):
            manager.apply(DownloadStopped(download_id=offer.download_id, state="paused"))
        else:
            manager.downloads.pop(offer.download_id, None)
            manager.apply(DownloadEnded(download_id=offer.download_id))
        raise
    finally:
        fetch.task = None


async def _take(fetch: Fetch, manager: Manager, moved: Callable[[Downloading], None]) -> str:
    key = ""
    async with aclosing(_moves(fetch, manager)) as steps:
        async for step in steps:
            if isinstance(step, Downloading):
                moved(step)
            else:
                key = step.model_key
    return key


async def discard(offer: Offer, manager: Manager) -> None:
    """Call a download off, whoever began it, and remove what there is of it."""
    if offer.download_id in manager.downloads:
        await cancel(offer.download_id, manager)
    else:
        await manager.connected_host.discard(offer)


async def resume(download_id: str, manager: Manager) -> None:
    """Go on with a download that was paused or has failed."""
    await _run(_known(download_id, manager.downloads), manager)


async def pause(download_id: str, manager: Manager) -> None:
    """Stop a download and keep its row; the host keeps what is there, if it can."""
    fetch = _known(download_id, manager.downloads)
    if not pauses_downloads(fetch.host.info):
        raise CommandError(
            f"{fetch.host.info.name} cannot pause a download.", hint="Cancel it instead."
        )
    await _stop(fetch)
    manager.apply(DownloadStopped(download_id=download_id, state="paused"))


async def cancel(download_id: str, manager: Manager) -> None:
    """Stop a download, remove what there is of it where the host can, and take its row away."""
    fetch = _known(download_id, manager.downloads)
    await _stop(fetch)
    del manager.downloads[download_id]
    manager.apply(DownloadEnded(download_id=download_id))
    # Others than the engine were told to stop, and see to the rest by themselves.
    with contextlib.suppress(CommandError):
        await fetch.host.discard(fetch.offer)


async def _run(fetch: Fetch, manager: Manager) -> None:
    if fetch.task is not None:
        return
    task = manager.spawn(_follow(fetch, manager))
    fetch.task = task
    try:
        # Whoever asked may go away: the download is the manager's.
        await asyncio.wait([task])
    finally:
        if task.done():
            fetch.task = None


async def _stop(fetch: Fetch) -> None:
    if fetch.task is not None:
        fetch.task.cancel()
        await asyncio.wait([fetch.task])


async def _follow(fetch: Fetch, manager: Manager) -> None:
    """Follow a download to its end; what goes wrong is shown in its row."""
    with contextlib.suppress(LmsError):
        async with aclosing(_moves(fetch, manager)) as steps:
            async for _ in steps:
                pass


async def _moves(fetch: Fetch, manager: Manager) -> AsyncGenerator[DownloadStep]:
    """Yield how a download moves, and show it and what becomes of it in its row."""
    offer = fetch.offer
    row = Download(
        download_id=offer.download_id,
        name=offer.name,
        quantization=offer.quantization,
        total_bytes=offer.size_bytes,
        can_pause=pauses_downloads(fetch.host.info),
    )
    manager.apply(DownloadStarted(download=row))
    clock = asyncio.get_running_loop().time
    applied_at = float("-inf")
    try:
        async with aclosing(fetch.host.download(offer)) as steps:  # type: ignore[type-var]
            async for step in steps:
                if isinstance(step, Downloading) and clock() - applied_at >= EVERY_S:
                    applied_at = clock()
                    manager.apply(DownloadMoved(download_id=offer.download_id, step=step))
                yield step
        manager.downloads.pop(offer.download_id, None)
        manager.apply(DownloadEnded(download_id=offer.download_id))
        manager.apply(ModelsListed(models=await fetch.host.models()))
    except LmsError as error:
        problem = Problem(code=error.code, title=error.title, hint=error.hint)
        manager.apply(
            DownloadStopped(download_id=offer.download_id, state="failed", problem=problem)
        )
        raise


def _known(download_id: str, downloads: Mapping[str, Fetch]) -> Fetch:
    try:
        return downloads[download_id]
    except KeyError:
        raise CommandError(
            "There is no such download any more.", hint="It may have ended by itself."
        ) from None
