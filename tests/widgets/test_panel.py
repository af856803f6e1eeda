import asyncio
import queue
from collections.abc import Iterator
from types import SimpleNamespace as Box
from typing import Any

import pytest

from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.widgets import Panel
from lms_jupyter.widgets.live import answers_in_a_cell
from tests.hosts.fake import FEATURES, FakeHost, fake_model

QWEN = "qwen/qwen3-4b"


class Recorder(Panel):
    """A panel whose answers to the front end can be read."""

    def __init__(self, manager: Manager) -> None:
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        super().__init__(manager)

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:  # noqa: ARG002
        self.answers.put(content)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(fake_model(), fake_model("<b>evil</b>"), features=FEATURES)


@pytest.fixture
def local(host: FakeHost) -> Iterator[LocalManager]:
    async def find(_named: str) -> Found:
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    local.connect()
    yield local
    local.close()


@pytest.fixture
def panel(local: LocalManager) -> Iterator[Recorder]:
    panel = Recorder(local.manager)
    yield panel
    panel.close()


def click(panel: Recorder, **command: Any) -> dict[str, Any]:
    """Send what the front end sends, and return the answer."""
    message = {"rid": f"click-{command}", "expires_at": None, "command": command}
    panel._handle_custom_msg(message, [])
    return answer_with(panel, "reply")


def answer_with(panel: Recorder, name: str) -> dict[str, Any]:
    """Return the next message of a kind."""
    while name not in (answer := panel.answers.get(timeout=10)):
        pass
    return answer


def test_a_new_panel_shows_what_the_manager_knows(panel: Recorder) -> None:
    assert [model["model_key"] for model in panel.catalog["models"]] == [QWEN, "<b>evil</b>"]
    assert panel.activity["host"]["link"] == "connected"


def test_the_panel_follows_the_manager_until_it_is_closed(
    panel: Recorder, local: LocalManager
) -> None:
    local.run(LoadRequest(model_key=QWEN, mode="new"))
    assert [i["identifier"] for i in panel.activity["instances"]] == [QWEN]

    panel.close()
    local.run(LoadRequest(model_key=QWEN, mode="new"))

    assert [i["identifier"] for i in panel.activity["instances"]] == [QWEN]


def test_a_click_is_answered_by_its_number_and_carried_out(
    panel: Recorder, local: LocalManager, host: FakeHost
) -> None:
    answer = click(panel, kind="load", model_key=QWEN)
    local.wait(local.submit(until_loaded(local.manager)))

    assert answer["rid"].startswith("click-")
    assert answer["reply"]["kind"] == "accepted"
    assert [instance.identifier for instance in host.memory] == [QWEN]


async def until_loaded(manager: Manager) -> None:
    """Wait until an instance is in memory."""
    loaded = asyncio.Event()
    manager.observe(lambda change: change.new.instances and loaded.set(), "activity")
    if not manager.activity.instances:
        await loaded.wait()


def test_nonsense_from_the_page_is_refused(panel: Recorder) -> None:
    assert click(panel, kind="format_disk")["reply"]["kind"] == "refused"


def test_the_second_part_of_the_script_comes_unasked_and_again_for_the_asking(
    panel: Recorder,
) -> None:
    unasked = answer_with(panel, "script")
    rest = answer_with(panel, "script")

    panel._handle_custom_msg({"part": "live"}, [])

    # There is no kernel here that could answer while a cell runs.
    assert [unasked["part"], rest["part"]] == ["live", "details"]
    assert unasked["script"].startswith("export default")
    assert answer_with(panel, "script") == unasked


def test_only_parts_of_the_panel_are_given_away(panel: Recorder) -> None:
    for _ in panel.parts:
        answer_with(panel, "script")

    panel._handle_custom_msg({"part": "../widget.py"}, [])
    panel._handle_custom_msg({"part": "details"}, [])

    assert answer_with(panel, "script")["part"] == "details"


@pytest.mark.parametrize(
    ("kernel", "waits"),
    [
        (Box(_supports_kernel_subshells=True), True),
        (Box(_supports_kernel_subshells=False), False),
        (None, False),
    ],
)
def test_what_opens_waits_for_its_first_use_where_a_busy_kernel_can_answer(
    kernel: Box | None, *, waits: bool
) -> None:
    assert answers_in_a_cell(Box(kernel=kernel)) is waits
    assert answers_in_a_cell(None) is False


def test_where_no_widget_lives_a_table_is_shown_with_every_name_escaped(
    panel: Recorder, local: LocalManager
) -> None:
    local.run(LoadRequest(model_key="<b>evil</b>", mode="new", ttl_s=600))

    bundle = panel._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle

    assert "&lt;b&gt;evil&lt;/b&gt;" in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert "Models in memory of Fake" in data["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_older_of_two_slices_is_never_shown_over_the_newer(
    panel: Recorder, local: LocalManager
) -> None:
    old = local.manager.activity
    local.run(LoadRequest(model_key=QWEN, mode="new"))

    panel._mirror("activity", old)

    assert [i["identifier"] for i in panel.activity["instances"]] == [QWEN]
