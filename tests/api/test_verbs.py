"""What `%lms` can is in Python with the same names, with and without `await`."""

import importlib
import inspect
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, get_type_hints

import pytest

import lms_jupyter
from lms_jupyter import aio
from lms_jupyter.api import host_verbs, tables
from lms_jupyter.api.handle_cards import draw_handle
from lms_jupyter.api.session import Session
from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.hosts.base import Found
from lms_jupyter.hosts.lifeline import Seen
from lms_jupyter.magics.parser import verb_names
from lms_jupyter.manager import Manager
from lms_jupyter.manager.local import LocalManager
from tests.hosts.fake import FEATURES, FakeHost, fake_model

OTHERWISE = {"server": "serve", "doctor": "examine"}
"""Verbs that have the name of a package of ours."""
Ask = Callable[[Manager], Coroutine[Any, Any, object]]
NOT_IN_PYTHON = {"help": "Python has a `help` of its own"}
NOT_AWAITED = {"panel": "it is a widget, and there at once"}
VERBS = [OTHERWISE.get(name, name) for name in verb_names() if name not in NOT_IN_PYTHON]


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_a_function_with_types_and_an_example(name: str) -> None:
    assert name in dir(lms_jupyter)
    function = getattr(lms_jupyter, name)

    told = inspect.getdoc(function) or ""
    assert f"lms_jupyter.{name}(" in told.partition("Example:")[2]
    hints = function.__annotations__
    assert set(inspect.signature(function).parameters) | {"return"} <= set(hints) | {"reload"}


@pytest.mark.parametrize("name", [name for name in VERBS if name not in NOT_AWAITED])
def test_every_verb_can_be_awaited_with_the_same_arguments(name: str) -> None:
    assert name in dir(aio)
    function, twin = getattr(lms_jupyter, name), getattr(aio, name)

    given, taken = (inspect.signature(each).parameters for each in (function, twin))
    assert list(given)[: len(taken)] == list(taken)
    is_awaited = inspect.iscoroutinefunction(twin) or name == "paused"
    assert is_awaited


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(fake_model(), features=FEATURES)


@pytest.fixture
def here(host: FakeHost) -> Iterator[Session]:
    async def find(named: str) -> Found:
        if named:
            raise HostUnreachableError(f"Nothing answers at {named}.")
        return Found(host=host, why="made for this test")

    local = LocalManager(Manager(find))
    yield Session(local)
    local.close()


def test_a_chat_is_one_answer_with_its_figures(here: Session, host: FakeHost) -> None:
    said = host_verbs.messages_of("Why is it blue?", "Be short.")
    answer = here.run(host_verbs.chat(here, said, "qwen3-4b", 60, {"max_tokens": 9}))

    assert answer == "Why is it blue? "
    assert answer.stats is not None
    messages, sampling = host.prompts[0]
    assert [message.role for message in messages] == ["system", "user"]
    assert sampling.max_tokens == 9
    again = here.run(host_verbs.chat(here, said, None, 60, {}))
    assert again.model == answer.model


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"warmth": 1}, "unexpected keyword argument 'warmth'|Unexpected keyword argument 'warmth'")],
)
def test_an_option_that_is_none_is_refused(
    here: Session, options: dict[str, object], sentence: str
) -> None:
    said = host_verbs.messages_of("Hello", None)
    with pytest.raises(CommandError, match=sentence) as error:
        here.run(host_verbs.chat(here, said, "qwen3-4b", 60, options))  # type: ignore[arg-type]

    assert "temperature" in error.value.hint


def test_nothing_is_said_with_no_words_and_to_nobody(here: Session) -> None:
    with pytest.raises(CommandError, match="prompt is empty"):
        host_verbs.messages_of(" ", None)
    said = host_verbs.messages_of("Hello", None)
    with pytest.raises(CommandError, match="No model is in memory"):
        here.run(host_verbs.chat(here, said, None, 60, {}))


def test_a_status_and_a_log_are_tables(here: Session, host: FakeHost) -> None:
    host.put(host.disk[0], identifier="chat")

    status = here.run(host_verbs.status(here.local.manager))
    log = here.run(host_verbs.log(here.local.manager.connected_host, 5, "server", 0.1))

    assert [row.identifier for row in status] == ["chat"]
    assert "made for this test" in repr(status)
    assert [entry.text for entry in log] == ["The fake host listens."]
    assert list(log.to_pandas().columns)[:3] == ["at", "kind", "text"]
    assert "does not keep its log" in repr(log)


def test_links_and_runtimes_are_what_the_host_says(here: Session) -> None:
    manager = here.local.manager

    assert here.run(host_verbs.link(manager.connected_host, "status", "")).status == "online"
    known = here.run(host_verbs.runtime(manager.connected_host, "ls", "", latest=False))
    assert [one.name for one in known] == ["fake-cpu", "fake-gpu"]
    chosen = here.run(
        host_verbs.runtime(manager.connected_host, "select", "fake-gpu", latest=False)
    )
    assert chosen.name == "fake-gpu"


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: host_verbs.link(m.connected_host, "stauts", ""),
        lambda m: host_verbs.runtime(m.connected_host, "lss", "", latest=False),
        lambda m: host_verbs.log(m.connected_host, 1, "kernel", 0),
        lambda m: host_verbs.serve(m.connected_host, "restart", port=None, cors=False),
    ],
)
def test_a_word_that_is_none_is_refused_with_those_there_are(here: Session, ask: Ask) -> None:
    with pytest.raises(CommandError, match="is none of its words") as error:
        here.run(ask(here.local.manager))

    assert re.match(r"There are: |Say ", error.value.hint)


def test_a_host_that_is_not_there_leaves_the_one_in_use(here: Session) -> None:
    here.local.connect()
    manager = here.local.manager
    before = manager.activity.host.address

    with pytest.raises(HostUnreachableError):
        here.local.finish(host_verbs.go_to_host(manager, "127.0.0.1:9"))
    assert manager.activity.host.address == before


def test_a_handle_shows_its_state_and_the_time_left(here: Session, host: FakeHost) -> None:
    here.local.connect()
    instance = host.put(host.disk[0], identifier="chat<b>", ttl_s=600.0)
    here.run(host_verbs.status(here.local.manager))
    card = draw_handle("chat<b>", Seen(instance.instance_reference), here.local.manager)

    assert "10m / 10m" in card.text()
    assert "STATUS" in card.text()
    assert "<b>" not in card.html()
    gone = draw_handle("chat", Seen("nothing"), here.local.manager)
    assert gone.text() == (
        "chat is not in memory now: its next use loads it again, or says why not."
    )


def test_a_long_table_folds_and_says_how_much_is_left() -> None:
    rows = [(f"row{number}", "1 GB") for number in range(100)]
    output = tables.RichOutput("100 rows", [(("NAME", "SIZE"), rows)])

    assert "row29" in output.text()
    assert "row30" not in output.text()
    assert "… and 70 more rows." in output.text()
    assert "row30" not in output.markdown()
    assert "… and 70 more rows." in output.markdown()
    before, opened, folded = output.html().partition("<details><summary>70 more</summary>")
    assert opened
    assert "row29" in before
    assert "row30" not in before
    assert "row99" in folded


@pytest.mark.parametrize("number", [0, 1, 30])
def test_a_short_table_does_not_fold(number: int) -> None:
    rows = [(f"row{index}",) for index in range(number)]
    output = tables.RichOutput("", [(("NAME",), rows)])

    assert "more" not in output.text() + output.html() + output.markdown()


def test_types_of_the_functions_can_be_read() -> None:
    for name in ("chat", "log", "status"):
        module = importlib.import_module("lms_jupyter.api.host_calls")
        assert "return" in get_type_hints(getattr(module, name))
