"""A panel where only what a kernel says while it handles a message is heard, as on Google Colab."""

from collections.abc import Iterator

import pytest

from lms_jupyter.widgets.pulling import Outbox
from tests.installed import ipykernel, matplotlib
from tests.widgets.kernels import PANEL, Kernel, answered, kernel, shows_an_instance, text_of

KERNEL = "6.31.0"
"""It has no subshells, as Colab's has none."""
DEAF = """
import os
os.environ["COLAB_RELEASE_TAG"] = "release-colab_20250101"
import threading
from ipykernel.comm.comm import BaseComm

say = BaseComm.publish_msg

def publish_msg(self, *given, **named):
    # Colab drops what other threads say.
    if threading.current_thread() is threading.main_thread():
        say(self, *given, **named)

BaseComm.publish_msg = publish_msg
"""
LOADED = "import time\nwhile not panel.activity['instances']:\n    time.sleep(0.01)"
LABELS = "_options_labels"
PICKER = """
from lms_jupyter.widgets.picker import ModelPicker
picker = ModelPicker(manager=local.manager)
host.disk.append(fake_model("new/model"))
"""
SEEN = "while 'new/model' not in picker.options:\n    time.sleep(0.01)"


@pytest.fixture(scope="module")
def running() -> Iterator[Kernel]:
    with kernel(ipykernel(KERNEL), matplotlib()) as running:
        assert "Error" not in str(running.run(DEAF))
        running.run(PANEL)
        yield running


def pull(running: Kernel, number: int) -> None:
    """Ask what is new, as the page does, and wait for the answer."""
    running.custom(running.comm_id, {"pull": number})
    running.wait_for(
        lambda m: (
            m["msg_type"] == "comm_msg"
            and m["content"]["data"].get("content", {}).get("pulled") == number
        )
    )


def test_what_is_new_comes_when_the_page_asks_and_not_before(running: Kernel) -> None:
    opened = running.wait_for(lambda m: m["msg_type"] == "comm_open" and "activity" in str(m))
    assert opened["content"]["data"]["state"]["pulls"] is True
    before = len(running.heard)
    running.click(running.comm_id, {"kind": "load", "model_key": "qwen/qwen3-4b"}, "click")
    # The widget knows it, the page was told nothing.
    running.run(LOADED)
    said = running.heard[before:]
    assert not any(map(shows_an_instance, said))
    assert "click" not in map(answered, said)

    pull(running, 1)

    running.wait_for_instance()
    assert running.wait_for_answer("click")["kind"] == "accepted"


def test_what_was_told_is_not_told_again() -> None:
    outbox = Outbox()
    slice_ = {"epoch": "a", "revision": 1}

    assert outbox.is_new("activity", slice_)
    assert not outbox.is_new("activity", slice_)
    assert outbox.is_new("activity", slice_ | {"revision": 2})
    assert outbox.is_new("activity", {"epoch": "b", "revision": 2})
    outbox.put({"rid": "1"})
    outbox.put({"rid": "2"})
    assert list(outbox.take()) == [{"rid": "1"}, {"rid": "2"}]
    assert list(outbox.take()) == []


def test_a_picker_says_at_the_end_of_a_cell_what_is_on_the_disk_now(running: Kernel) -> None:
    running.run(PICKER)
    running.click(running.comm_id, {"kind": "refresh"}, "look")

    running.run(SEEN)

    running.wait_for(
        lambda m: "new/model" in m["content"].get("data", {}).get("state", {}).get(LABELS, ())
    )
    # Once it is closed, nothing is left of it in the kernel.
    running.run("picker.close()")
    left = running.run("print(str(get_ipython().events.callbacks).count('ModelPicker'))")
    assert text_of(left).strip() == "0"


def test_a_panel_elsewhere_is_not_asked(running: Kernel) -> None:
    said = running.run(
        "del os.environ['COLAB_RELEASE_TAG']\nother = Panel(local.manager)\nprint(other.pulls)"
    )

    assert text_of(said).strip() == "False"
