"""What a host does not answer for one instance costs a table little, and is never guessed."""

import queue
from collections.abc import Iterator

import pytest

from lms_jupyter.api import memory, views
from lms_jupyter.api.draw import instances_json
from lms_jupyter.api.session import Session
from lms_jupyter.hosts.instance_states import SILENT_S
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from tests.hosts.studio import Studio
from tests.stopped_clock import stopped

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
    silent = studio.silent = {STATE, "getLoadConfig", "getModelInfo"}
    asked: queue.Queue[str] = queue.Queue()
    local = session.local
    session.run(views.instances(local.manager))
    studio.heard = lambda endpoint: asked.put(endpoint) if endpoint in silent else None
    for _ in range(3):
        with stopped(local._loop) as clock:
            looking = local.submit(views.instances(local.manager))
            for endpoint in (STATE, "getLoadConfig"):
                assert asked.get(timeout=30) == endpoint
                clock.move(SILENT_S)
            table = looking.result(30)
        assert [(one.identifier, one.status) for one in table] == [(ODD, "unknown")]
        assert "\x1b" not in table.bundle()["text/plain"]
        assert '"status":"unknown"' in instances_json(table)


@pytest.mark.parametrize("answers", ["late", "never"])
def test_what_is_not_known_to_be_idle_is_not_freed(
    studio: Studio, session: Session, answers: str
) -> None:
    studio.late = {STATE}

    manager = session.local.manager
    assert session.run(memory.free(manager, everything=True)) == ()
    assert list(studio.memory) == [ODD]
    (sentence,) = memory.left(manager, everything=True)
    assert "does not say whether it is in use" in sentence

    if answers == "late":
        studio.answer()
    studio.late = set()
    gone: tuple[object, ...] = ()
    while not gone:
        gone = session.run(memory.free(manager, everything=True))
    assert studio.memory == {}
