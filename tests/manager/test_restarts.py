"""A host that is stopped and started again: the first question after its return is answered."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lms_jupyter.api import views
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.session import Session
from lms_jupyter.errors import HostUnreachableError
from lms_jupyter.hosts.prediction import Message, Sampling
from lms_jupyter.manager import Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.manager.watch import SEEN_BACK_OFF_S, watch
from lms_jupyter.protocol.commands import Attend, Refresh
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import Instance
from lms_jupyter.protocol.slices import Activity
from tests.hosts.restarts import drop, restart, stop
from tests.hosts.sleeping import publish
from tests.hosts.studio import Studio
from tests.manager.test_watch import until
from tests.stopped_clock import stopped

Answer = TypeVar("Answer")
KEY = "qwen/qwen3-4b"
LONG = 5
"""Attempts that fail before a host that is gone for long is back."""
NAMESPACES = ("llm", "embedding", "system", "files", "repository")


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture
def session(studio: Studio) -> Iterator[Session]:
    """A session as a kernel has it, with nobody who looks at a panel."""
    local = LocalManager(Manager(host=studio.address))
    yield Session(local)
    local.close()


def at_once(session: Session, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a verb that may wait for the host's messages, and for no moment to come."""
    with stopped(session.local._loop):
        return session.run(work)


async def conversation(manager: Manager, instance: Instance) -> str:
    """Say something to an instance, and return the end of the answer."""
    message = Message(role="user", text="Hello")
    steps = manager.connected_host.respond(instance, [message], Sampling())
    async with aclosing(steps) as answer:  # type: ignore[type-var]
        return str([step async for step in answer][-1])


async def first_of_the_log(manager: Manager) -> str:
    """Listen to the log until it says something."""
    async with aclosing(manager.connected_host.log()) as entries:  # type: ignore[type-var]
        async for entry in entries:
            return entry.text
    return ""


def asked(mode: LoadMode = "ensure") -> NotebookRequest:
    return NotebookRequest(request=LoadRequest(model_key=KEY, mode=mode))


VERBS: dict[str, Callable[[Session], Coroutine[Any, Any, Any]]] = {
    "ps": lambda session: views.instances(session.local.manager),
    "ls": lambda session: views.models(session.local.manager),
    "status": lambda session: run(Refresh(), session.local.manager),
    "load": lambda session: session.load(asked()),
    "load --new": lambda session: session.load(asked("new")),
    "model": lambda session: session.load(asked("use")),
    "click": lambda session: run(LoadRequest(model_key=KEY), session.local.manager),
    "log": lambda session: first_of_the_log(session.local.manager),
    "offers": lambda session: session.local.manager.connected_host.offers("acme/x"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_first_verb_after_a_restart_answers_at_once(
    studio: Studio, session: Session, verb: str
) -> None:
    session.run(VERBS[verb](session))
    for _ in range(2):
        restart(studio)
        at_once(session, VERBS[verb](session))

        assert len(studio.memory) == ("load" in verb or verb in ("model", "click"))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_one_dropped_websocket_is_nothing_that_a_user_sees(
    studio: Studio, session: Session, verb: str, namespace: str
) -> None:
    session.run(VERBS[verb](session))
    loads = len(studio.parameters)
    drop(studio, namespace.__eq__)
    at_once(session, VERBS[verb](session))

    assert len(studio.parameters) <= loads + 1, "a load was asked for twice"


def test_ten_restarts_in_a_row_are_each_answered_at_once(studio: Studio, session: Session) -> None:
    for _ in range(10):
        session.run(session.load(asked()))
        restart(studio)
        assert list(at_once(session, views.instances(session.local.manager))) == []


@pytest.mark.parametrize("moves", [False, True])
def test_a_host_that_nobody_named_is_found_again(
    moves: bool,  # noqa: FBT001 - a parameter of the test
    studio: Studio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def publish_port() -> None:
        publish(tmp_path, {"port": int(studio.address.rpartition(":")[2]), "pid": os.getpid()})

    for variable in ("LMS_JUPYTER_HOST", "LMS_API_SERVER_INFO_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    publish_port()
    local = LocalManager(Manager())
    session = Session(local)
    try:
        for _ in range(3):
            session.run(session.load(asked()))
            stop(studio)
            studio.port = 0 if moves else studio.port
            studio.__enter__()
            publish_port()
            assert list(at_once(session, views.instances(local.manager))) == []
            assert local.manager.activity.host.address == studio.address
    finally:
        local.close()


def test_no_engine_takes_the_place_of_an_lm_studio_that_nobody_named(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LMS_JUPYTER_HOST", "LMS_API_SERVER_INFO_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    publish(tmp_path, {"port": int(studio.address.rpartition(":")[2]), "pid": os.getpid()})
    local = LocalManager(Manager())
    session = Session(local)
    try:
        session.run(VERBS["ps"](session))
        stop(studio)
        with pytest.raises(HostUnreachableError):
            session.run(VERBS["ps"](session))
        studio.__enter__()
        assert list(session.run(views.instances(local.manager))) == []
        assert local.manager.activity.host.address == studio.address
    finally:
        local.close()


def test_while_it_is_gone_a_verb_says_so_and_the_next_one_after_its_return_works(
    studio: Studio, session: Session
) -> None:
    session.run(VERBS["ps"](session))
    stop(studio)
    for _ in range(3):
        with pytest.raises(HostUnreachableError, match="Nothing answers at"):
            session.run(VERBS["ps"](session))
    studio.__enter__()
    at_once(session, VERBS["ps"](session))

    assert session.local.manager.activity.host.link == "connected"


def test_a_conversation_after_a_dropped_websocket_goes_on(studio: Studio, session: Session) -> None:
    result = session.run(session.load(asked()))
    drop(studio)

    assert "eosFound" in session.run(conversation(session.local.manager, result.instance))


def test_a_load_that_the_host_may_have_heard_is_not_asked_for_again(
    studio: Studio, session: Session
) -> None:
    studio.vanishes_at = 0.0
    studio.port = int(studio.address.rpartition(":")[2])

    with pytest.raises(HostUnreachableError, match="is gone"):
        session.run(session.load(asked()))

    studio.vanishes_at = None
    restart(studio)
    session.run(VERBS["ps"](session))
    assert len(studio.parameters) == 1
    assert studio.memory == {}


def test_a_load_under_way_outlives_the_loss_of_another_websocket(
    studio: Studio, session: Session
) -> None:
    studio.stalls = {"loadModel"}
    loading = session.local.submit(session.load(asked()))
    assert studio.stalled.wait(10)
    drop(studio, "system".__eq__)

    session.run(VERBS["ls"](session))
    session.run(VERBS["ps"](session))
    assert not loading.done()
    assert studio.cancelled == []

    session.local.stop(loading)
    assert studio.was_cancelled.wait(10)


@pytest.mark.asyncio
@pytest.mark.parametrize("calm_s", [1.0, 3600.0])
@pytest.mark.parametrize("gone", ["a moment", "long"])
async def test_a_panel_shows_the_truth_soon_after_each_return(
    studio: Studio, gone: str, calm_s: float
) -> None:
    manager = Manager(host=studio.address)
    manager.calm_s = calm_s
    manager.spawn(watch(manager))
    await until(manager, lambda a: a.host.link == "connected")
    await run(Attend(viewer="tab", visible=True), manager)
    pauses_s = pauses(manager)
    for number in range(3):
        pauses_s.clear()
        await asyncio.to_thread(stop, studio)
        if gone == "long":
            # By then the pauses grow no more.
            await until(manager, lambda _: len(pauses_s) >= LONG)
        name = f"after-{number}"
        studio.memory[name] = studio._instance(KEY, name, 4096, None)
        await asyncio.to_thread(studio.__enter__)
        tried_before = len(pauses_s)
        await until(manager, lambda a, name=name: is_true(a, name))  # type: ignore[misc]
        assert max(pauses_s, default=0.0) <= SEEN_BACK_OFF_S
        assert len(pauses_s) <= tried_before + 1, "only what was under way may miss the return"
    await manager.close()


def pauses(manager: Manager) -> list[float]:
    """Collect how long the manager says it waits, each time that it does not reach its host."""
    tries: list[float] = []
    told: list[float] = []

    def look(change: Any) -> None:
        host = change["new"].host
        if host.link == "lost" and host.retry_at not in {None, *tries}:
            tries.append(host.retry_at)
            told.append(host.retry_at - manager.host_now())

    manager.observe(look, "activity")
    return told


def is_true(activity: Activity, name: str) -> bool:
    """Whether the slice shows this instance alone, and says that the host is there."""
    seen = [instance.identifier for instance in activity.instances]
    return activity.host.link == "connected" and seen == [name]
