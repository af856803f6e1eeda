"""What a host does not answer for one instance costs a table little, and is never guessed."""

import time
from collections.abc import Iterator

import pytest

import lms_jupyter.hosts.sdk  # noqa: F401 - what importing takes is not measured
from lms_jupyter.api import memory, views
from lms_jupyter.api.draw import instances_json
from lms_jupyter.api.session import Session
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from tests.hosts.studio import Studio

pytestmark = pytest.mark.alone

KEY = "qwen/qwen3-4b"
STATE = "getInstanceProcessingState"
ODD = "a\x07b\x1b[2Jc"


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        studio.memory[ODD] = studio._instance(KEY, ODD, 4096, 60_000)
        yield studio


@pytest.fixture
def session(studio: Studio) -> Iterator[Session]:
    local = LocalManager(Manager(host=studio.address))
    yield Session(local)
    local.close()


def test_an_instance_that_the_host_answers_nothing_about_is_in_the_table_soon(
    studio: Studio, session: Session
) -> None:
    studio.silent = {STATE, "getLoadConfig", "getModelInfo"}
    for most_s in (3.0, 1.9, 1.9):
        began = time.monotonic()
        table = session.run(views.instances(session.local.manager))
        assert time.monotonic() - began < most_s
        assert [(one.identifier, one.status) for one in table] == [(ODD, "unknown")]
        assert "\x1b" not in table.bundle()["text/plain"]
        assert '"status":"unknown"' in instances_json(table)


@pytest.mark.parametrize("late_s", [2.5, 30.0])
def test_what_is_not_known_to_be_idle_is_not_freed(
    studio: Studio, session: Session, late_s: float
) -> None:
    studio.late = {STATE: late_s}

    manager = session.local.manager
    assert session.run(memory.free(manager, everything=True)) == ()
    assert list(studio.memory) == [ODD]
    (sentence,) = memory.left(manager, everything=True)
    assert "does not say whether it is in use" in sentence

    studio.late = {}
    gone: tuple[object, ...] = ()
    while not gone:
        gone = session.run(memory.free(manager, everything=True))
    assert studio.memory == {}
