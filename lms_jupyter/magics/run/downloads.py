"""Runs `get`."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from lms_jupyter.api.sizes import format_size
from lms_jupyter.api.tables import RichOutput
from lms_jupyter.errors import LmsError
from lms_jupyter.hosts.base import Downloading, Offer, pauses_downloads
from lms_jupyter.hosts.download_plans import DownloadPlan
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.progress import DELAY_S, take_away
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.downloads import GetModel, GetModels
from lms_jupyter.manager import downloading


@perform.register
def get(request: GetModels, context: MagicContext) -> Any:
    """Download models and return their keys. Interrupting pauses: the next `get` goes on."""
    context.connect()
    if request.plan:
        for model in request.models:
            _show(context.session.run(_planned(model, request, context)), context)
        return None
    offers = [_chosen(model, request, context) for model in request.models]
    if request.cancel:
        for offer in offers:
            context.session.run(downloading.discard(offer, context.manager))
            context.say(f"Fetching {offer.name} is called off; nothing of it is left.")
        return None
    _check_rate(request, context)
    keys = _fetched(offers, context)
    return keys[0] if len(keys) == 1 else keys


def _chosen(model: GetModel, request: GetModels, context: MagicContext) -> Offer:
    host = context.manager.connected_host
    choosing = downloading.choose(model.name, model.quantization, host, first=request.yes)
    return replace(context.session.run(choosing), bytes_per_second=request.bytes_per_second)


def _check_rate(request: GetModels, context: MagicContext) -> None:
    """Say so where a host cannot be told how fast to fetch."""
    host = context.manager.activity.host
    if request.bytes_per_second is not None and not pauses_downloads(host):
        context.say(f"{host.name} cannot be told how fast to fetch; it fetches as it likes.")


def _fetched(offers: Sequence[Offer], context: MagicContext) -> list[str]:
    """Fetch all of them, as many at once as the host likes, and return their keys."""
    for offer in offers:
        context.say(f"Fetching {offer.name} ({format_size(offer.size_bytes)}).")
    bars = [_DownloadBar(offer, is_named=len(offers) > 1) for offer in offers]

    def glance() -> None:
        for bar in bars:
            bar.glance()

    try:
        found = context.session.run(_together(offers, bars, context), glance)
    except KeyboardInterrupt:
        for offer, bar in zip(offers, bars, strict=True):
            if not bar.is_over:
                context.say(_left(offer, bar.now, context))
        raise
    finally:
        for bar in bars:
            bar.close()
    return _done(found, context)


def _done(found: Sequence[str | LmsError], context: MagicContext) -> list[str]:
    """Say what has come; raise the first thing that went wrong, once all is said."""
    keys = [key for key in found if isinstance(key, str)]
    for key in keys:
        context.say(f"Done: %lms load {key}")
    problems = [result for result in found if isinstance(result, LmsError)]
    for problem in problems[1:]:
        context.say(problem.title)
    if problems:
        raise problems[0]
    return keys


async def _together(
    offers: Sequence[Offer], bars: "Sequence[_DownloadBar]", context: MagicContext
) -> list[str | LmsError]:
    """Fetch all; what goes wrong with one does not stop the others."""

    async def fetch(offer: Offer, bar: "_DownloadBar") -> str | LmsError:
        try:
            return await downloading.fetch(offer, context.manager, bar.move)
        except LmsError as error:
            return error
        finally:
            current = asyncio.current_task()
            bar.is_over = current is None or not current.cancelling()

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(fetch(offer, bar)) for offer, bar in zip(offers, bars, strict=True)
        ]
    return [task.result() for task in tasks]


async def _planned(model: GetModel, request: GetModels, context: MagicContext) -> DownloadPlan:
    return await downloading.plan(
        model.name, model.quantization, context.manager.connected_host, first=request.yes
    )


def _show(plan: DownloadPlan, context: MagicContext) -> None:
    """Show what there is to choose from, and what would be fetched."""
    rows = [
        (
            "→" if place == plan.selected else "",
            option.quantization or option.name,
            format_size(option.size_bytes),
            option.fit,
            {"downloaded": "is there", "downloading": "is being fetched"}.get(
                option.availability, ""
            ),
            "recommended" if option.recommended else "",
        )
        for place, option in enumerate(plan.options)
    ]
    fetches = f"{format_size(plan.size_bytes)} would be fetched" if plan.size_bytes else "Nothing"
    lead = f"{plan.name}: {fetches}; {plan.reason}."
    job = f" Job {plan.job_id}." if plan.job_id else ""
    heading = ("", "QUANT", "SIZE", "FIT", "HERE", "")
    context.show(RichOutput(f"{lead}{job}", [(heading, rows)]).bundle())


def _left(offer: Offer, now: Downloading, context: MagicContext) -> str:
    """Say what an interrupted download leaves."""
    host = context.manager.activity.host
    if not pauses_downloads(host):
        return f"{host.name} was told to stop fetching {offer.name}; this line asks for it again."
    done = f"{format_size(now.downloaded_bytes)} of {format_size(now.total_bytes)}"
    return (
        f"Paused at {done}. This line again goes on from there; "
        f"with --cancel it removes what is there."
    )


class _DownloadBar:
    """The progress of a download, moved in the thread of the cell."""

    def __init__(self, offer: Offer, *, is_named: bool) -> None:
        self.now = Downloading(downloaded_bytes=0, total_bytes=offer.size_bytes)
        self.is_over = False
        self._title = offer.name.rpartition("/")[2] if is_named else "Download"
        self._bar: Any = None

    def move(self, step: Downloading) -> None:
        """Take note of how far it is; called on the manager's loop."""
        self.now = step

    def glance(self) -> None:
        """Move the bar to where the download is now."""
        if self._bar is None:
            from tqdm.auto import tqdm  # noqa: PLC0415 - brings ipywidgets in a notebook

            self._bar = tqdm(
                total=self.now.total_bytes,
                unit="B",
                unit_scale=True,
                leave=False,
                desc=self._title,
                delay=DELAY_S,
            )
        place = self.now.queue_position
        waits = f"{self._title} (waits, {place} in the queue)" if place else self._title
        if self._bar.desc.removesuffix(": ") != waits:
            self._bar.set_description(waits, refresh=False)
        self._bar.update(self.now.downloaded_bytes - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            take_away(self._bar)
