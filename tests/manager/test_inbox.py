import asyncio
import time
from typing import Any

import pytest
from msgspec.structs import replace

from lms_jupyter.manager import Collaborators, Manager
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.events import Polled
from lms_jupyter.manager.inbox import accept
from lms_jupyter.protocol.commands import Refresh
from lms_jupyter.protocol.models import LoadConfig, Memory, PresetLoad, Profile
from lms_jupyter.protocol.replies import Accepted, Estimated, Hosts, Profiles, Refused
from tests.hosts.fake import FakeHost

QWEN = "qwen/qwen3-4b"


def click(command: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    return {"rid": "click-1", "command": command, **envelope}


LOAD = {"kind": "load", "model_key": QWEN, "mode": "new", "join": True}


async def settled(manager: Manager) -> None:
    """Wait until the manager has nothing left to do."""
    await asyncio.gather(*manager._tasks, return_exceptions=True)


@pytest.mark.asyncio
async def test_a_command_is_answered_at_once_and_carried_out(
    manager: Manager, host: FakeHost
) -> None:
    reply = await accept(click(LOAD), manager)
    await settled(manager)

    assert isinstance(reply, Accepted)
    assert [i.identifier for i in host.memory] == [QWEN]


@pytest.mark.asyncio
async def test_the_same_click_is_carried_out_once(manager: Manager, host: FakeHost) -> None:
    for _ in range(5):
        await accept(click(LOAD), manager)
    await settled(manager)

    assert len(host.memory) == 1


@pytest.mark.asyncio
async def test_a_click_that_waited_too_long_is_dropped(manager: Manager, host: FakeHost) -> None:
    reply = await accept(click(LOAD, expires_at=time.time() - 1), manager)

    assert isinstance(reply, Refused)
    assert reply.problem.code == "command_expired"
    assert host.memory == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "message",
    [None, [], {}, {"rid": "1"}, click({"kind": "format_disk"}), click({"kind": "load"})],
)
async def test_nonsense_is_refused(manager: Manager, message: Any) -> None:
    reply = await accept(message, manager)

    assert isinstance(reply, Refused)
    assert reply.problem.code == "command_error"


@pytest.mark.asyncio
async def test_a_taken_command_that_fails_becomes_a_problem_until_it_is_dismissed(
    manager: Manager,
) -> None:
    await accept(click({"kind": "load", "model_key": "nothing"}), manager)
    await settled(manager)
    (problem,) = manager.activity.problems
    assert (problem.code, problem.model_key) == ("model_not_found", "nothing")

    dismiss = {"kind": "dismiss", "problem_id": problem.problem_id}
    await accept({"rid": "click-2", "command": dismiss}, manager)
    await settled(manager)

    assert manager.activity.problems == ()


@pytest.mark.asyncio
async def test_unloading_what_somebody_else_has_just_unloaded_is_no_problem(
    manager: Manager, host: FakeHost
) -> None:
    host.put(host.disk[0], identifier="chat")
    manager.apply(Polled(snapshot=await host.poll()))
    host.memory.clear()
    unload = {"kind": "unload", "identifier": "chat"}

    replies = [await accept({"rid": f"click-{n}", "command": unload}, manager) for n in range(3)]
    await settled(manager)

    assert [type(reply) for reply in replies] == [Accepted] * 3
    assert manager.activity.problems == ()
    assert manager.wake.is_set()


@pytest.mark.asyncio
async def test_a_question_is_answered_with_its_answer(manager: Manager) -> None:
    reply = await accept(click({"kind": "estimate", "model_key": QWEN}), manager)

    assert isinstance(reply, Estimated)


@pytest.mark.asyncio
async def test_a_question_about_nothing_is_refused(manager: Manager) -> None:
    reply = await accept(click({"kind": "estimate", "model_key": "nothing"}), manager)

    assert isinstance(reply, Refused)
    assert reply.problem.code == "model_not_found"


class Shelf:
    """A place for profiles made of a list."""

    def __init__(self) -> None:
        self.profiles: list[Profile] = []

    def read(self) -> tuple[Profile, ...]:
        """Return them."""
        return tuple(self.profiles)

    def presets(self) -> tuple[PresetLoad, ...]:
        """Return one."""
        return (PresetLoad(name="long"),)

    def save(self, profile: Profile) -> None:
        """Add one."""
        self.profiles.append(profile)


@pytest.mark.asyncio
async def test_profiles_are_kept_where_there_is_a_place_for_them(manager: Manager) -> None:
    question = {"kind": "list_profiles"}
    assert await accept(click(question), manager) == Profiles(profiles=None)

    manager.collaborators = Collaborators(profiles=Shelf())
    fast = {"name": "fast", "config": {"seed": 1}, "ttl_s": None, "names_ttl": False}
    await accept({**click({"kind": "save_profile", "profile": fast}), "rid": "2"}, manager)
    await settled(manager)

    answer = await accept({**click(question), "rid": "3"}, manager)
    assert answer == Profiles(
        profiles=(Profile(name="fast", config=LoadConfig(seed=1)),),
        presets=(PresetLoad(name="long"),),
    )


@pytest.mark.asyncio
async def test_an_estimate_is_of_the_context_that_fits(manager: Manager) -> None:
    question = {"kind": "estimate", "model_key": QWEN, "fit": "max"}
    answer = await accept(click(question), manager)

    assert isinstance(answer, Estimated)
    assert answer.context_length == 40_960
    assert answer.estimate.passes_guardrails

    odd = await accept({**click({**question, "fit": "most"}), "rid": "odd"}, manager)
    assert isinstance(odd, Refused)
    assert "'most' is no fit" in odd.problem.title


@pytest.mark.asyncio
async def test_an_estimate_says_who_would_make_room(manager: Manager, host: FakeHost) -> None:
    host.put(host.disk[0], identifier="chat")
    await run(Refresh(), manager)
    sight = await host.poll()
    memory = Memory(total_bytes=5_000_000_000, available_bytes=1_000_000_000)
    manager.apply(Polled(snapshot=replace(sight, memory=memory)))

    reply = await accept(click({"kind": "estimate", "model_key": QWEN}), manager)

    assert isinstance(reply, Estimated)
    assert reply.makes_room == ("chat",)
    assert reply.evicts == ()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "question", [{"kind": "find_downloads", "words": "nothing"}, {"kind": "list_hosts"}]
)
async def test_a_question_is_answered_with_an_answer_or_a_reason(
    manager: Manager, question: dict[str, Any]
) -> None:
    reply = await accept(click(question), manager)

    assert isinstance(reply, Hosts if question["kind"] == "list_hosts" else Refused)
