"""Takes commands from front ends: decode, start, answer. Used by panel and Jupyter Server alike."""

import asyncio
import contextlib
from typing import Any

import msgspec
from msgspec.structs import replace

from lms_jupyter.errors import InstanceNotFoundError, LmsError, LoadCancelledError
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.events import CommandFailed
from lms_jupyter.manager.eviction import evicted_by_request, making_room
from lms_jupyter.manager.fitting_in import Fitted
from lms_jupyter.manager.manager import Manager
from lms_jupyter.protocol.commands import Command, Envelope, Question, UnloadInstance
from lms_jupyter.protocol.models import Estimate, Problem
from lms_jupyter.protocol.replies import (
    Accepted,
    Diary,
    Estimated,
    Found,
    Hosts,
    Profiles,
    Refused,
    Reply,
)
from lms_jupyter.protocol.slices import Activity

RIDS_KEPT = 1000


async def accept(message: Any, manager: Manager) -> Reply:
    """Answer one message of a front end: taken, refused, or, for a question, the answer.

    A command that is taken runs on in a task of the manager; if it fails, that is shown in
    `activity.problems`. A message that was seen before is answered and not run again.

    Args:
        message: An `Envelope` as builtin types, as it came.
        manager: Whose host the command is for.
    """
    try:
        envelope = msgspec.convert(message, Envelope)
    except msgspec.ValidationError as error:
        return Refused.because(
            "command_error", "The page sent a command that makes no sense.", str(error)
        )
    if envelope.rid in manager.seen_rids:
        return Accepted(now=manager.host_now())
    _remember(envelope.rid, manager.seen_rids)
    if envelope.expires_at is not None and manager.host_now() > envelope.expires_at:
        return Refused.because(
            "command_expired",
            "This click waited too long and was dropped.",
            "The kernel was busy. Click again if you still want it.",
        )
    if isinstance(envelope.command, Question):
        return await _answer(envelope.command, manager)
    manager.spawn(_carry_out(envelope, manager))
    return Accepted(now=manager.host_now())


async def _answer(question: Question, manager: Manager) -> Reply:
    try:
        answer = await run(question, manager)
    except LmsError as error:
        return Refused.because(error.code, error.title, error.hint)
    if isinstance(answer, Fitted):
        room = _with_room(answer.estimate, manager.activity)
        return replace(room, context_length=answer.context_length)
    if isinstance(answer, Estimate):
        return _with_room(answer, manager.activity)
    assert isinstance(answer, Diary | Found | Hosts | Profiles)  # noqa: S101 - a question has an answer
    return answer


def _with_room(estimate: Estimate, activity: Activity) -> Estimated:
    """Say also who would have to go."""
    instances, memory = activity.instances, activity.memory
    return Estimated(
        estimate=estimate,
        evicts=evicted_by_request(instances),
        makes_room=making_room(instances, estimate, memory),
    )


async def _carry_out(envelope: Envelope, manager: Manager) -> None:
    """Run a command to its end and tell everybody if it fails."""
    # Whoever cancelled a load knows it.
    with contextlib.suppress(asyncio.CancelledError, LoadCancelledError):
        try:
            await run(envelope.command, manager)
        except LoadCancelledError:
            raise
        except LmsError as error:
            if is_done_already(envelope.command, error):
                manager.wake.set()
                return
            problem = Problem(
                code=error.code,
                title=error.title,
                hint=error.hint,
                problem_id=envelope.rid,
                model_key=getattr(envelope.command, "model_key", None),
            )
            manager.apply(CommandFailed(problem=problem))


def is_done_already(command: Command, error: LmsError) -> bool:
    """Whether somebody else was faster: what was to go has gone, and nobody needs to hear of it."""
    return isinstance(command, UnloadInstance) and isinstance(error, InstanceNotFoundError)


def _remember(rid: str, seen: dict[str, None]) -> None:
    seen[rid] = None
    while len(seen) > RIDS_KEPT:
        del seen[next(iter(seen))]
