"""Clicks while a cell runs, on every kind of ipykernel there is: real kernels, no browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installed import ipykernel, matplotlib
from tests.widgets.kernels import PANEL, Kernel, kernel, text_of

LOAD = {"kind": "load", "model_key": "qwen/qwen3-4b"}
LIVE, QUEUED = ("7.3.0", "7.4.0"), "6.31.0"

UNTIL_RELEASED = "while not pathlib.Path({release!r}).exists():\n    {work}\n"
COUNT = "print('in memory:', len(host.memory))"
WORK = {"sleeping": "time.sleep(0.01)", "computing": "sum(range(10_000))"}


@pytest.fixture(params=[*LIVE, QUEUED])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(version: str) -> Iterator[Kernel]:
    with kernel(ipykernel(version), matplotlib()) as running:
        told = text_of(running.run("import ipykernel; print(ipykernel.__version__)"))
        assert told.strip() == version
        running.run(PANEL)
        yield running


@pytest.mark.parametrize("work", WORK)
def test_a_click_while_a_cell_runs_is_carried_out_once_and_at_once_where_the_kernel_can(
    running: Kernel, version: str, tmp_path: Path, work: str
) -> None:
    release = tmp_path / "release"
    cell = running.start(UNTIL_RELEASED.format(release=str(release), work=WORK[work]) + COUNT)
    running.wait_for(lambda m: m["msg_type"] == "execute_input" and "release" in str(m["content"]))

    running.click(running.comm_id, LOAD, "the-click")
    running.click(running.comm_id, LOAD, "the-click")
    if version in LIVE:
        assert running.wait_for_answer("the-click")["kind"] == "accepted"
        running.wait_for_instance()
        assert not running.has_ended(cell)
    release.touch()
    running.wait_until_idle(cell)

    seen_by_cell = text_of(running.said_by(cell)).strip()
    assert seen_by_cell == f"in memory: {1 if version in LIVE else 0}"
    assert running.wait_for_answer("the-click")["kind"] == "accepted"
    running.wait_for_instance()
    assert text_of(running.run(COUNT)).strip() == "in memory: 1"


def test_a_figure_in_the_making_survives_a_click(
    running: Kernel, version: str, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    running.run("%matplotlib inline\nimport matplotlib.pyplot as plt")
    drawing = (
        "plt.plot([1, 2, 3])\n"
        + UNTIL_RELEASED.format(release=str(release), work=WORK["sleeping"])
        + "plt.title('whole')\nprint('lines', len(plt.gca().lines))"
    )
    cell = running.start(drawing)
    running.wait_for(lambda m: m["msg_type"] == "execute_input" and "whole" in str(m["content"]))

    running.click(running.comm_id, LOAD, "the-click")
    if version in LIVE:
        running.wait_for_answer("the-click")
    release.touch()
    running.wait_until_idle(cell)

    assert text_of(running.said_by(cell)).strip() == "lines 1"
    figures = [m for m in running.heard if "image/png" in str(m["content"].get("data", {}))]
    assert [m["parent_header"]["msg_id"] for m in figures] == [cell]
