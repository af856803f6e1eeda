import _thread
import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Bunch

from lms_jupyter.errors import (
    AmbiguousModelError,
    CommandError,
    DownloadFailedError,
    HostUnreachableError,
    LmsError,
    ModelNotFoundError,
)
from lms_jupyter.hosts.base import Downloading, DownloadStep, Offer
from lms_jupyter.magics.magic import LmsMagics
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.commands import DownloadModel, PauseDownload
from tests.hosts.fake import FakeHost

MARKET = [
    Offer(name="acme/small", download_id="small@q4", size_bytes=1000, quantization="Q4_0"),
    Offer(name="acme/small", download_id="small@q8", size_bytes=2000, quantization="Q8_0"),
    Offer(name="acme/small-chat", download_id="chat", size_bytes=1500, recommended=True),
]


@pytest.fixture(autouse=True)
def _market(host: FakeHost, magics: LmsMagics) -> None:
    host.market = list(MARKET)
    assert magics.context.chats == {}


def test_a_model_is_fetched_and_its_key_returned(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run_line_magic("lms", "get acme/small@q8_0") == "acme/small"

    assert [model.size_bytes for model in host.disk if model.model_key == "acme/small"] == [2000]
    said = capsys.readouterr().out
    assert "Fetching acme/small (2.00 kB)." in said
    assert "Done: %lms load acme/small" in said


def test_words_that_match_several_are_an_error_unless_the_user_says_yes(
    shell: InteractiveShell,
) -> None:
    with pytest.raises(AmbiguousModelError, match="2 models match 'small'") as caught:
        shell.run_line_magic("lms", "get small")

    assert "acme/small, acme/small-chat" in caught.value.hint
    assert shell.run_line_magic("lms", "get small -y") == "acme/small"


def test_what_nobody_offers_is_not_found(shell: InteractiveShell) -> None:
    with pytest.raises(ModelNotFoundError):
        shell.run_line_magic("lms", "get gigantic")
    with pytest.raises(CommandError, match="no file of acme/small as q2_k"):
        shell.run_line_magic("lms", "get acme/small@q2_k")


class Repository(FakeHost):
    """A host that calls an offer as it calls the file."""

    async def offers(self, _name: str) -> tuple[Offer, ...]:
        """List two files that only their names tell apart."""
        return (
            Offer(name="one.gguf", download_id="one", size_bytes=1000),
            Offer(name="two.gguf", download_id="two", size_bytes=2000),
        )


@pytest.mark.parametrize("host", [Repository()], ids=["repository"])
def test_a_file_is_fetched_by_its_own_name_in_a_cell_and_in_the_panel(
    shell: InteractiveShell, host: FakeHost, local: LocalManager
) -> None:
    assert shell.run_line_magic("lms", "get acme/small@Two.gguf") == "two.gguf"
    assert host.fetched == {"two": 2000}

    local.finish(run(DownloadModel(name="acme/small", quantization="one.gguf"), local.manager))
    assert host.fetched == {"two": 2000, "one": 1000}
    with pytest.raises(CommandError) as caught:
        shell.run_line_magic("lms", "get acme/small@three.gguf")
    assert caught.value.hint == "It comes as one.gguf, two.gguf."


@pytest.mark.parametrize(
    ("line", "command", "code", "title", "hint"),
    [
        (
            "small",
            DownloadModel(name="small"),
            "ambiguous_model",
            "2 models match 'small'.",
            "Name one of them in full: acme/small, acme/small-chat.",
        ),
        (
            "gigantic",
            DownloadModel(name="gigantic"),
            "model_not_found",
            "There is nothing called 'gigantic' to download.",
            "Write it as owner/name, or give words to search for.",
        ),
        (
            "acme/none",
            DownloadModel(name="acme/none"),
            "model_not_found",
            "There is nothing called 'acme/none' to download.",
            "Write it as owner/name, or give words to search for.",
        ),
        (
            "acme/small@q2_k",
            DownloadModel(name="acme/small", quantization="q2_k"),
            "command_error",
            "There is no file of acme/small as q2_k to download.",
            "It comes as Q4_0, Q8_0.",
        ),
    ],
)
def test_a_cell_and_the_panel_say_the_same_of_the_same_mistake(
    shell: InteractiveShell,
    local: LocalManager,
    line: str,
    command: DownloadModel,
    code: str,
    title: str,
    hint: str,
) -> None:
    with pytest.raises(LmsError) as in_cell:
        shell.run_line_magic("lms", f"get {line}")
    with pytest.raises(LmsError) as in_panel:
        local.finish(run(command, local.manager))

    for error in (in_cell.value, in_panel.value):
        assert (error.code, error.title, error.hint) == (code, title, hint)


@pytest.mark.parametrize("name", ["small", "acme/small"])
def test_a_host_that_does_not_answer_is_no_missing_model(
    shell: InteractiveShell, host: FakeHost, local: LocalManager, name: str
) -> None:
    shell.run_line_magic("lms", "ls")
    host.reachable = False

    with pytest.raises(HostUnreachableError, match="Nothing answers at fake"):
        shell.run_line_magic("lms", f"get {name}")
    with pytest.raises(HostUnreachableError, match="Nothing answers at fake"):
        local.finish(run(DownloadModel(name=name), local.manager))


def test_interrupting_pauses_a_download_and_says_so(
    shell: InteractiveShell,
    host: FakeHost,
    local: LocalManager,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = threading.Event()

    async def download(_offer: Offer) -> AsyncIterator[DownloadStep]:
        try:
            yield Downloading(downloaded_bytes=1, total_bytes=2)
            _thread.interrupt_main()
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(host, "download", download)

    with pytest.raises(KeyboardInterrupt):
        shell.run_line_magic("lms", "get acme/small")

    assert ended.is_set()
    assert [row.state for row in local.manager.activity.downloads] == ["paused"]
    assert "Paused at 1 B of 2 B. This line again goes on from there" in capsys.readouterr().out


def test_a_download_that_was_paused_goes_on_where_it_was(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    host.fetched["small@q8"] = 1000

    assert shell.run_line_magic("lms", "get acme/small@q8_0") == "acme/small"

    assert host.fetched == {"small@q8": 2000}
    shell.run_line_magic("lms", "get acme/small@q8_0 --cancel")
    assert host.fetched == {}
    assert "is called off; nothing of it is left" in capsys.readouterr().out


@pytest.mark.parametrize("host", [FakeHost(features=())], ids=["plain"])
def test_a_host_that_cannot_pause_is_told_to_stop_and_that_is_said(
    shell: InteractiveShell,
    host: FakeHost,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def download(_offer: Offer) -> AsyncIterator[DownloadStep]:
        yield Downloading(downloaded_bytes=1, total_bytes=2)
        _thread.interrupt_main()
        await asyncio.Event().wait()

    monkeypatch.setattr(host, "download", download)

    with pytest.raises(KeyboardInterrupt):
        shell.run_line_magic("lms", "get acme/small")

    assert "Fake was told to stop fetching acme/small" in capsys.readouterr().out


def test_what_is_fetched_here_has_a_row_in_the_panel_which_can_stop_it(
    shell: InteractiveShell, host: FakeHost, local: LocalManager
) -> None:
    host.gate = asyncio.Event()
    rows: list[tuple[str, str]] = []

    def watch(change: Bunch) -> None:
        for row in change.new.downloads:
            rows.append((row.name, row.state))
            if row.state == "running" and len(rows) == 1:
                # As the button does it: on the manager's loop, while the cell waits.
                local.submit(run(PauseDownload(download_id=row.download_id), local.manager))

    local.manager.observe(watch, "activity")

    with pytest.raises(DownloadFailedError, match="Fetching acme/small was stopped elsewhere"):
        shell.run_line_magic("lms", "get acme/small")

    assert rows[0] == ("acme/small", "running")
    assert rows[-1] == ("acme/small", "paused")
    host.gate.set()
    assert shell.run_line_magic("lms", "get acme/small") == "acme/small"
    assert local.manager.activity.downloads == ()


def test_a_download_that_failed_keeps_its_row_with_the_reason_and_raises(
    shell: InteractiveShell,
    host: FakeHost,
    local: LocalManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def download(_offer: Offer) -> AsyncIterator[DownloadStep]:
        yield Downloading(downloaded_bytes=1, total_bytes=2)
        raise DownloadFailedError("The disk is full.")

    monkeypatch.setattr(host, "download", download)

    with pytest.raises(DownloadFailedError, match="The disk is full"):
        shell.run_line_magic("lms", "get acme/small")

    (row,) = local.manager.activity.downloads
    assert (row.state, row.problem and row.problem.title) == ("failed", "The disk is full.")


def test_several_are_fetched_by_one_line(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = shell.run_line_magic("lms", "get acme/small@q4_0 acme/small-chat --rate 5MB")

    assert keys == ["acme/small", "acme/small-chat"]
    assert {"acme/small", "acme/small-chat"} <= {model.model_key for model in host.disk}
    assert capsys.readouterr().out.count("Done: %lms load") == 2


def test_what_goes_wrong_with_one_does_not_stop_the_others(
    shell: InteractiveShell, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = host.download

    async def refusing(offer: Offer) -> AsyncIterator[DownloadStep]:
        if offer.name == "acme/small":
            raise DownloadFailedError("It is not to be had.")
        async for step in fetch(offer):
            yield step

    monkeypatch.setattr(host, "download", refusing)
    with pytest.raises(DownloadFailedError, match="not to be had"):
        shell.run_line_magic("lms", "get acme/small@q4_0 acme/small-chat")

    assert "acme/small-chat" in {model.model_key for model in host.disk}


def test_a_plan_says_what_would_be_fetched_and_fetches_nothing(
    shell: InteractiveShell, host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("lms", "get acme/small@Q8_0 --plan")

    said = capsys.readouterr().out
    assert "acme/small: 2.00 kB would be fetched; it was asked for and it fits into memory." in said
    assert "Q4_0" in said
    assert host.fetched == {}


@pytest.mark.parametrize("rate", ["fast", "0", "5", "-3MB", "5TB"])
def test_a_rate_that_makes_no_sense_is_refused(shell: InteractiveShell, rate: str) -> None:
    with pytest.raises(CommandError, match="rate"):
        shell.run_line_magic("lms", f"get acme/small --rate={rate}")
