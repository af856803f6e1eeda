"""A handle goes where the host is: restarted, moved, exchanged, or gone while it answers."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lms_jupyter import aio
from lms_jupyter.api import session as sessions
from lms_jupyter.api.load_requests import NotebookRequest
from lms_jupyter.api.session import Session
from lms_jupyter.errors import HostRefusedError, HostUnreachableError
from lms_jupyter.hosts import discover
from lms_jupyter.hosts.base import Found
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from lms_jupyter.manager.watch import switch
from lms_jupyter.protocol.loads import LoadRequest
from tests.hosts.restarts import drop, restart, stop
from tests.hosts.studio import Studio
from tests.magics.kernels import Kernel

KEY = "qwen/qwen3-4b"


@pytest.fixture
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture
def other() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture
def place(studio: Studio) -> list[str]:
    """Where the host is found that is looked for."""
    return [studio.address]


@pytest.fixture
def session(place: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    async def find(named: str) -> Found:
        return await discover.find_host(named or place[0], start=False)

    local = LocalManager(Manager(find))
    session = Session(local)
    session.say = lambda _: None
    monkeypatch.setattr(sessions, "_session", session)
    yield session
    session.close()
    local.close()


def loaded(session: Session) -> Any:
    request = LoadRequest(model_key=KEY, identifier="chat", ttl_s=3600)
    return session.handle(session.run(session.load(NotebookRequest(request=request))))


def answer(llm: Any) -> str:
    return str(llm.respond("Hello").content)


@pytest.mark.parametrize("happens", [restart, drop])
def test_a_handle_heals_whatever_happened_to_its_host(
    studio: Studio, session: Session, happens: Callable[[Studio], None]
) -> None:
    llm = loaded(session)
    for _ in range(3):
        happens(studio)
        assert "Hello" in answer(llm)
        assert list(studio.memory) == ["chat"]


def test_a_handle_follows_to_another_port(
    studio: Studio, other: Studio, session: Session, place: list[str]
) -> None:
    llm = loaded(session)
    stop(studio)
    place[0] = other.address

    assert "Hello" in answer(llm)
    assert list(other.memory) == ["chat"]
    studio.port = 0
    studio.__enter__()


def test_a_handle_follows_to_the_host_that_was_switched_to_and_back(
    studio: Studio, other: Studio, session: Session
) -> None:
    llm = loaded(session)
    session.local.finish(switch(other.address, session.local.manager))
    assert "Hello" in answer(llm)
    assert list(other.memory) == ["chat"]

    session.local.finish(switch(studio.address, session.local.manager))
    studio.memory.clear()
    assert "Hello" in answer(llm)
    assert list(studio.memory) == ["chat"]


def test_a_host_that_is_not_there_is_one_sentence_and_the_handle_heals_later(
    studio: Studio, session: Session
) -> None:
    llm = loaded(session)
    stop(studio)
    for _ in range(2):
        with pytest.raises(HostUnreachableError, match="Nothing answers at"):
            answer(llm)
    studio.__enter__()

    assert "Hello" in answer(llm)


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


USES: dict[str, Callable[[Any], Any]] = {
    "respond": answer,
    "stream": lambda llm: list(llm.respond_stream("Hello")),
    "wait": lambda llm: llm.respond_stream("Hello").wait_for_result(),
    "act": lambda llm: llm.act("Hello", [double]),
}


@pytest.mark.parametrize("use", USES)
def test_a_host_that_goes_while_it_answers_is_one_sentence_of_ours(
    studio: Studio, session: Session, use: str
) -> None:
    llm = loaded(session)
    studio.stalls = {"predict"}

    def go() -> None:
        assert studio.stalled.wait(10)
        drop(studio)

    going = threading.Thread(target=go)
    going.start()
    with pytest.raises(HostUnreachableError, match="is gone, and with it the answer") as caught:
        USES[use](llm)
    going.join()

    assert caught.value.hint
    assert "Hello" in answer(llm)


def test_a_reconnect_that_is_refused_is_said_in_our_words(studio: Studio, session: Session) -> None:
    llm = loaded(session)
    stop(studio)
    studio.token = ("Wr0ngWr0", "wrongwrongwrongwrong")
    studio.__enter__()

    with pytest.raises(HostRefusedError, match="lets nobody in without an API token"):
        answer(llm)


@pytest.mark.parametrize("happens", [restart, drop])
def test_an_async_handle_heals_too(
    studio: Studio, session: Session, happens: Callable[[Studio], None]
) -> None:
    async def converse() -> None:
        llm: Any = await aio.load(KEY, identifier="chat")
        for _ in range(2):
            await asyncio.to_thread(happens, studio)
            assert "Hello" in (await llm.respond("Hello")).content
            assert [one.identifier for one in await aio.ps()] == ["chat"]
        studio.stalls = {"predict"}
        answering = asyncio.create_task(llm.respond("Hello"))
        assert await asyncio.to_thread(studio.stalled.wait, 10)
        await asyncio.to_thread(drop, studio)
        with pytest.raises(HostUnreachableError, match="with it the answer"):
            await answering
        stream = await llm.respond_stream("Hello")
        assert "Hello" in "".join([part.content async for part in stream])
        await aio.close()

    del session
    asyncio.run(converse())


def test_an_engine_that_was_killed_is_replaced_and_the_handle_of_before_goes_there(
    tmp_path: Path,
) -> None:
    own = {name: str(tmp_path / name.lower()) for name in ("IPYTHONDIR", "XDG_STATE_HOME", "HOME")}
    environ = {**os.environ, **own, "JPY_SESSION_NAME": str(tmp_path / "a.ipynb")}
    environ.pop("LMS_JUPYTER_HOST", None)
    announced = "__import__('lms_jupyter.hosts.embedded', fromlist=['x']).announced()"
    with Kernel(environ, str(tmp_path)) as kernel:
        ran = kernel.run("%load_ext lms_jupyter\nllm = %lms load tutor-1m --ttl 60")
        assert ran.error == "", ran.error_text
        os.kill(int(kernel.value(f"{announced}.pid")), signal.SIGKILL)
        healed = kernel.run("print(llm.respond('Hello').stats.stop_reason)")
        listed = kernel.run("%lms ps")
        os.kill(int(kernel.value(f"{announced}.pid")), signal.SIGKILL)
        plain = "import lmstudio; print(lmstudio.llm('tutor-1m').respond('Hi').stats.stop_reason)"
        convenient = kernel.run(plain)
        kernel.run("%lms host stop")

    assert healed.text.splitlines()[-1:] == ["eosFound"], healed.error_text
    assert "is loaded again" in healed.text
    assert convenient.text.splitlines()[-1:] == ["eosFound"], convenient.error_text
    assert "tutor-1m" in listed.plain, listed.error_text
