import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from msgspec.structs import replace

from lms_jupyter.errors import (
    AmbiguousModelError,
    CommandError,
    DownloadFailedError,
    HostTimeoutError,
    HostUnreachableError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.base import Downloading, DownloadStep, Found, Offer
from lms_jupyter.hosts.download_plans import FITS, DownloadPlan, PlanOption
from lms_jupyter.hosts.planned_offers import plan_of_offers
from lms_jupyter.manager import Manager, downloading
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.watch import connect
from lms_jupyter.protocol import replies
from lms_jupyter.protocol.commands import (
    CancelDownload,
    DownloadModel,
    FindDownloads,
    PauseDownload,
    ResumeDownload,
)
from lms_jupyter.protocol.models import Download
from lms_jupyter.protocol.slices import Activity
from tests.hosts.fake import FEATURES, FakeHost

GEMMA = "google/gemma-3-1b"
SMALL = Offer(name=GEMMA, download_id="small", size_bytes=100, quantization="Q4_K_M")
LARGE = Offer(
    name=GEMMA, download_id="large", size_bytes=200, quantization="Q8_0", recommended=True
)


@pytest.fixture(autouse=True)
def _market(host: FakeHost) -> None:
    host.market = [SMALL, LARGE]
    host.gate = asyncio.Event()


async def until(manager: Manager, wanted: Callable[[Activity], bool]) -> Activity:
    """Wait until the activity is as wanted."""
    seen = asyncio.Event()
    manager.observe(lambda change: wanted(change.new) and seen.set(), "activity")
    if not wanted(manager.activity):
        await seen.wait()
    return manager.activity


def only(activity: Activity) -> Download:
    (download,) = activity.downloads
    return download


async def begun(manager: Manager) -> asyncio.Task[object]:
    """Begin a download, and wait until it has a row."""
    task = asyncio.ensure_future(run(DownloadModel(name=GEMMA), manager))
    await until(manager, lambda activity: bool(activity.downloads))
    return task


@pytest.mark.asyncio
async def test_a_download_has_a_row_until_its_model_is_on_the_disk(
    manager: Manager, host: FakeHost
) -> None:
    task = await begun(manager)
    row = only(manager.activity)
    assert (row.name, row.quantization, row.total_bytes) == (GEMMA, "Q8_0", 200)
    assert (row.state, row.can_pause) == ("running", True)

    assert host.gate is not None
    host.gate.set()
    await task

    assert manager.activity.downloads == ()
    assert GEMMA in [model.model_key for model in manager.catalog.models]


@pytest.mark.asyncio
async def test_a_quantisation_can_be_named(manager: Manager) -> None:
    task = asyncio.ensure_future(run(DownloadModel(name=GEMMA, quantization="q4_k_m"), manager))
    activity = await until(manager, lambda activity: bool(activity.downloads))

    assert only(activity).download_id == "small"
    task.cancel()


@pytest.mark.asyncio
async def test_a_paused_download_keeps_its_row_and_goes_on(
    manager: Manager, host: FakeHost
) -> None:
    task = await begun(manager)
    await run(PauseDownload(download_id="large"), manager)
    await task
    assert only(manager.activity).state == "paused"

    assert host.gate is not None
    host.gate.set()
    await run(ResumeDownload(download_id="large"), manager)

    assert manager.activity.downloads == ()


@pytest.mark.asyncio
async def test_a_cancelled_download_leaves_nothing(manager: Manager, host: FakeHost) -> None:
    task = await begun(manager)

    await run(CancelDownload(download_id="large"), manager)
    await task

    assert manager.activity.downloads == ()
    assert host.fetched == {}
    with pytest.raises(CommandError, match="no such download"):
        await run(CancelDownload(download_id="large"), manager)


@pytest.mark.asyncio
async def test_asking_twice_fetches_once(manager: Manager, host: FakeHost) -> None:
    first = await begun(manager)
    await run(DownloadModel(name=GEMMA), manager)
    assert len(manager.activity.downloads) == 1

    assert host.gate is not None
    host.gate.set()
    await first
    assert [model.model_key for model in host.disk].count(GEMMA) == 1


@pytest.mark.asyncio
async def test_a_click_may_limit_how_fast_it_comes_where_the_host_can(
    manager: Manager, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Offer] = []
    download = host.download

    def noted(offer: Offer) -> AsyncIterator[DownloadStep]:
        asked.append(offer)
        return download(offer)

    monkeypatch.setattr(host, "download", noted)
    assert host.gate is not None
    host.gate.set()
    await run(DownloadModel(name=GEMMA, bytes_per_second=5e6), manager)
    assert [offer.bytes_per_second for offer in asked] == [5e6]

    host.info = replace(host.info, features=())
    with pytest.raises(CommandError, match="cannot be told how fast"):
        await run(DownloadModel(name=GEMMA, bytes_per_second=5e6), manager)
    assert len(asked) == 1


@pytest.mark.asyncio
async def test_files_that_are_found_say_what_the_plan_says_of_them(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = await host.offers(GEMMA)
    options = tuple(
        PlanOption(
            name=offer.name,
            size_bytes=offer.size_bytes,
            quantization=offer.quantization,
            fit=FITS["partialGPUOffload"],
            availability="downloaded",
        )
        for offer in offers[:1]
    )

    async def planned(_name: str, _quantization: str | None) -> DownloadPlan:
        return DownloadPlan(name=GEMMA, options=options)

    async def silent(_name: str, _quantization: str | None) -> DownloadPlan:
        raise HostTimeoutError("It does not answer.")

    monkeypatch.setattr(host, "plan", planned)
    found = await downloading.find(GEMMA, host)
    monkeypatch.setattr(host, "plan", silent)
    without = await downloading.find(GEMMA, host)

    first, *rest = found.offers
    assert (first.memory_fit, first.here) == ("part", "downloaded")
    assert {(each.memory_fit, each.here) for each in (*rest, *without.offers)} == {(None, None)}


class Flaky(FakeHost):
    """A host whose downloads break off half way, until it is told to behave."""

    breaks = True

    async def download(self, offer: Offer) -> AsyncIterator[DownloadStep]:
        """Fetch half of it, then fail."""
        if self.breaks:
            yield Downloading(downloaded_bytes=50, total_bytes=100, bytes_per_second=5.0)
            raise DownloadFailedError("The network went away.", hint="Try again later.")
        async for step in super().download(offer):
            yield step


@pytest.mark.asyncio
async def test_a_failed_download_stays_with_its_reason_and_can_be_tried_again() -> None:
    host = Flaky(features=FEATURES)
    host.market = [SMALL]

    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    manager = Manager(find)
    await connect(manager)
    await run(DownloadModel(name=GEMMA), manager)

    row = only(manager.activity)
    assert (row.state, row.downloaded_bytes, row.bytes_per_second) == ("failed", 50, 0.0)
    assert row.problem is not None
    assert (row.problem.title, row.problem.hint) == ("The network went away.", "Try again later.")

    host.breaks = False
    await run(ResumeDownload(download_id="small"), manager)
    assert manager.activity.downloads == ()
    await manager.close()


@pytest.mark.asyncio
async def test_a_host_that_cannot_pause_says_so(manager: Manager, host: FakeHost) -> None:
    host.info = type(host.info)(name="LM Studio", address="fake:0")
    task = await begun(manager)
    assert not only(manager.activity).can_pause

    with pytest.raises(CommandError, match="cannot pause"):
        await run(PauseDownload(download_id="large"), manager)
    task.cancel()


@pytest.mark.asyncio
async def test_names_and_files_are_found(manager: Manager, host: FakeHost) -> None:
    files = await run(FindDownloads(words=GEMMA), manager)
    assert isinstance(files, replies.Found)
    assert [(offer.quantization, offer.recommended) for offer in files.offers] == [
        ("Q4_K_M", False),
        ("Q8_0", True),
    ]

    host.market.append(Offer(name="google/gemma-3-4b", download_id="other", size_bytes=1))
    names = await run(FindDownloads(words="gemma"), manager)
    assert isinstance(names, replies.Found)
    assert (names.names, names.offers) == ((GEMMA, "google/gemma-3-4b"), ())


@pytest.mark.asyncio
async def test_what_is_not_there_or_not_clear_is_said(manager: Manager, host: FakeHost) -> None:
    host.market.append(Offer(name="google/gemma-3-4b", download_id="other", size_bytes=1))

    with pytest.raises(AmbiguousModelError):
        await run(DownloadModel(name="gemma"), manager)
    with pytest.raises(ModelNotFoundError):
        await run(FindDownloads(words="nothing"), manager)
    with pytest.raises(ModelNotFoundError):
        await run(FindDownloads(words="no/thing"), manager)
    with pytest.raises(CommandError, match="Q2_K") as caught:
        await run(DownloadModel(name=GEMMA, quantization="Q2_K"), manager)
    assert caught.value.hint == "It comes as Q4_K_M, Q8_0."


class Unknowing(FakeHost):
    """A host that refuses a name which it does not know, as an engine does."""

    async def offers(self, name: str) -> tuple[Offer, ...]:
        """Say what it says of any path."""
        raise ModelNotFoundError(name)


@pytest.mark.asyncio
async def test_a_name_that_the_host_refuses_is_nothing_to_download() -> None:
    with pytest.raises(ModelNotFoundError, match="nothing called 'no/thing' to download"):
        await downloading.choose("no/thing", None, Unknowing())


@pytest.mark.asyncio
async def test_the_best_of_several_is_taken_on_request_and_an_exact_name_without(
    host: FakeHost,
) -> None:
    host.market.append(Offer(name="gemma", download_id="plain", size_bytes=1))

    assert await downloading.choose("google", None, host) == LARGE
    assert (await downloading.choose("gemma", None, host)).download_id == "plain"
    assert await downloading.choose("gem", None, host, first=True) == LARGE


@pytest.mark.asyncio
async def test_a_host_that_is_gone_is_told_as_that(manager: Manager, host: FakeHost) -> None:
    host.reachable = False

    for command in (DownloadModel(name=GEMMA), DownloadModel(name="gemma")):
        with pytest.raises(HostUnreachableError, match="Nothing answers"):
            await run(command, manager)
    for words in (GEMMA, "gemma"):
        with pytest.raises(HostUnreachableError, match="Nothing answers"):
            await run(FindDownloads(words=words), manager)


@pytest.mark.asyncio
async def test_what_lm_studio_offers_by_a_plan_alone_can_be_chosen(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of_offers(GEMMA, [SMALL, LARGE], LARGE)

    async def planned(_name: str, _quantization: str | None) -> DownloadPlan:
        return plan

    host.market = []
    host.info = replace(host.info, features=())
    monkeypatch.setattr(host, "plan", planned)

    chosen = await downloading.choose(GEMMA, "q4_k_m", host)

    assert (chosen.name, chosen.download_id, chosen.size_bytes) == (GEMMA, "plan:0", 100)
    assert (await downloading.choose(GEMMA, None, host)).download_id == "plan:1"
