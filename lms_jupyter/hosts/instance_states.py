"""What instances are doing, on hosts that have to be asked for each of them.

What is not known is not idle. A host may be too old to know the question, and leaves it unanswered;
or it is slow because a model is being loaded. Both are asked again with each look: whoever has not
answered is not waited for as long the next time, until an answer comes, be it late. From then on it
is known to answer, and waited for longer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from lms_jupyter.errors import HostUnreachableError, LmsError
from lms_jupyter.hosts import decode
from lms_jupyter.protocol.models import Instance

PATIENCE_S = 0.6
"""How long a look waits for the answers: a table is to be there within a second."""
SLOW_S = 2.0
"""The same for a host that is known to answer, and slow."""
SILENT_S = 0.2
"""The same for one that has left answers out."""

Ask = Callable[[Instance], Awaitable[Any]]


class InstanceStates:
    """Asks for the states of instances, all at once."""

    def __init__(self, ask: Ask) -> None:
        """Take the question.

        Args:
            ask: Returns the raw answer for one instance; bounded in time.
        """
        self._ask = ask
        self._patience_s = PATIENCE_S
        self._answers_late = False
        """Whether a late answer has come since the last look began."""
        self._late: dict[str, asyncio.Task[Any]] = {}

    async def close(self) -> None:
        """Wait no longer for answers."""
        late = tuple(self._late.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def of(self, raws: Sequence[Any]) -> tuple[Instance, ...]:
        """Read instances, each with its state as far as that is known now.

        Raises:
            HostUnreachableError: The connection is lost.
            HostReplyError: An instance itself cannot be read.
        """
        found = [decode.instance(raw) for raw in raws]
        if not found:
            return ()
        self._answers_late = False
        began = asyncio.get_running_loop().time()
        asking = [asyncio.ensure_future(self._ask(instance)) for instance in found]
        try:
            done, _ = await asyncio.wait(asking, timeout=self._patience_s)
        except asyncio.CancelledError:
            for task in asking:
                task.cancel()
            raise
        for instance, task in zip(found, asking, strict=True):
            if task not in done:
                self._leave(instance, task)
        took_s = asyncio.get_running_loop().time() - began
        if len(done) == len(asking):
            self._patience_s = PATIENCE_S if took_s < PATIENCE_S else SLOW_S
        else:
            self._patience_s = SLOW_S if self._answers_late else max(SILENT_S, self._patience_s / 4)
        return tuple(
            _with_state(raw, instance, task if task in done else None)
            for raw, instance, task in zip(raws, found, asking, strict=True)
        )

    def _leave(self, instance: Instance, task: "asyncio.Future[Any]") -> None:
        """Let a question go on by itself: its answer shows that the host knows it."""
        reference = instance.instance_reference
        if reference in self._late or not isinstance(task, asyncio.Task):
            # One late answer is enough to learn that.
            task.cancel()
            return
        self._late[reference] = task
        task.add_done_callback(lambda _: self._came(reference, task))

    def _came(self, reference: str, task: "asyncio.Task[Any]") -> None:
        self._late.pop(reference, None)
        if not task.cancelled() and task.exception() is None:
            # Too old to be shown by now: the next look asks anew, and waits.
            self._answers_late = True
            self._patience_s = SLOW_S


def _with_state(raw: Any, instance: Instance, task: "asyncio.Future[Any] | None") -> Instance:
    """Add what the host has said of the state, unless it has said nothing that can be read."""
    if task is None:
        return instance
    try:
        return decode.instance(raw, task.result())
    except HostUnreachableError:
        raise
    except LmsError:
        # It went between two questions, or only its state is not reported.
        return instance
