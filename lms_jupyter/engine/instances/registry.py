"""The single writer of instances.

Everything that happens to an instance goes through `Registry._apply`, on one event loop, without
an `await` between looking and changing. What follows from it (timers, processes, listeners) is
started there and owned here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from lms_jupyter.engine.errors import (
    EngineError,
    IdentifierExistsError,
    LoadCancelledError,
    LoadFailedError,
    ModelUnloadedError,
)
from lms_jupyter.engine.instances.books import Books
from lms_jupyter.engine.instances.carried_out import effective, order_for
from lms_jupyter.engine.instances.collaborators import Gpus, NoGpus, NoPrompts, Prompts
from lms_jupyter.engine.instances.departures import FORGOTTEN, Departure, Departures
from lms_jupyter.engine.instances.instance import Instance, Plan, Request, Work, now
from lms_jupyter.engine.instances.lifecycle import (
    Ended,
    Event,
    Keep,
    KeepChanged,
    Loaded,
    Phase,
    PinChanged,
    Progressed,
    RequestBegan,
    RequestEnded,
    State,
    TtlChanged,
    UnloadBegan,
    advance,
)
from lms_jupyter.engine.instances.shares import Shares
from lms_jupyter.engine.limits import using
from lms_jupyter.engine.templates.watch import (
    ENDLESS,
    PLAIN_TEMPLATE,
    TemplateProblems,
    TemplateWatch,
)
from lms_jupyter.engine.worker.handle import Listening, WorkerHandle
from lms_jupyter.engine.worker.launcher import Launcher
from lms_jupyter.engine.worker.messages import Order

Guard = Callable[[Plan, Iterable[Instance]], None]
"""Raises `GuardrailError` if a load would not fit beside the other instances."""

CLOCK_S = 30.0
"""Between two looks at the clock while an instance is kept until a time."""

logger = logging.getLogger(__name__)


class Registry:
    """All instances that are loading or loaded, by identifier."""

    def __init__(
        self,
        launcher: Launcher,
        guard: Guard = lambda _plan, _others: None,
        gpus: Gpus | None = None,
        prompts: Prompts | None = None,
        shares: Shares | None = None,
    ) -> None:
        self._launcher = launcher
        self._guard = guard
        self._gpus = gpus or NoGpus()
        self._prompts = prompts or NoPrompts()
        self._shares = shares or Shares()
        self.books = Books()
        """Where what becomes of instances is written down."""
        self._instances: dict[str, Instance] = {}
        self.departures = Departures()
        self._timers: dict[Instance, asyncio.TimerHandle] = {}
        self._loads: dict[Instance, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[], None]] = []
        self._templates = TemplateWatch()
        self.template_problems = TemplateProblems()

    # What there is

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The instances that take requests, oldest first."""
        return tuple(instance for instance in self._instances.values() if instance.is_ready)

    @property
    def loads(self) -> tuple[Instance, ...]:
        """The instances that are still loading, oldest first."""
        everything = self._instances.values()
        return tuple(held for held in everything if held.state.phase is Phase.LOADING)

    def is_taken(self, identifier: str) -> bool:
        """Whether an instance has this identifier or is about to have it."""
        return identifier in self._instances

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change; it must return at once. Returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # What can be asked for

    def load(self, plan: Plan, *, evict: Iterable[Instance] = ()) -> Instance:
        """Begin a load, after unloading those to evict; see `Instance.progress` and `.settled`."""
        if self.is_taken(plan.identifier):
            raise IdentifierExistsError(plan.identifier)
        victims, user = tuple(evict), using.get()
        plan = replace(plan, user=user.name)
        staying = [instance for instance in self._instances.values() if instance not in victims]
        self._shares.admit(user, plan, staying)
        for victim in victims:
            self._begin_unload(victim, "evicted")
        instance = Instance(plan, State(ttl_s=plan.ttl_s, keep=plan.keep, pinned=plan.pinned))
        self._instances[plan.identifier] = instance
        self._loads[instance] = asyncio.create_task(self._bring_up(instance, victims))
        self._tell()
        return instance

    async def cancel_load(self, instance: Instance) -> None:
        """Stop a load; return when its memory has been given back. No effect once it is over."""
        task = self._loads.get(instance)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    @asynccontextmanager
    async def waiting(self, instance: Instance, *, owns: bool = False) -> AsyncIterator[None]:
        """Wait for a load inside the block; who leaves it by an exception gives the load up.

        A load ends with its owner; one that came just in time has none, and ends with the last one
        who waits for it.
        """
        # Each block counts as one, also several of the same task: hence an object of its own.
        waiter = object()
        instance.waiters.add(waiter)
        try:
            yield
        except BaseException:
            # No longer counted before the look at who else waits: two that leave at once must not
            # each take the other for somebody who still wants it.
            instance.waiters.discard(waiter)
            unwanted = instance.jit and not instance.waiters and instance in self._loads
            if owns or unwanted:
                await self.cancel_load(instance)
                # It may have been loaded in the moment in which it was to be cancelled.
                if instance.is_ready:
                    await self.unload(instance, "given up at the last moment")
            raise
        finally:
            instance.waiters.discard(waiter)

    async def unload(self, instance: Instance, why: str = "unloaded", by: str = "") -> None:
        """End an instance; return when its process is gone."""
        if instance.is_ready:
            self._begin_unload(instance, why, by)
        await instance.gone.wait()
        if why == FORGOTTEN:
            # Also of those that another client has ended in the same moment.
            await self._prompts.forget(instance)

    async def forget(self) -> None:
        """Remove all that is kept of what ended instances have read."""
        await self._prompts.forget(None)

    def set_ttl(self, instance: Instance, ttl_s: float | None, *, restart: bool = False) -> None:
        """Change the TTL; count idleness from now if `restart`."""
        self._apply(instance, TtlChanged(ttl_s, now() if restart else None))

    def pin(self, instance: Instance, *, pinned: bool) -> None:
        """Protect an instance from its TTL and from eviction, or stop to."""
        self._apply(instance, PinChanged(pinned))

    def keep(self, instance: Instance, keep: Keep | None) -> None:
        """Keep an instance until a time or until this is taken back, whatever its TTL."""
        self._apply(instance, KeepChanged(keep, now()))

    @asynccontextmanager
    async def request(self, instance: Instance, work: Work) -> AsyncIterator[Request]:
        """Use an instance: keeps it from expiring, waits for a free session, then marks the work.

        Raises:
            ModelUnloadedError: The instance has gone, also while waiting.
        """
        if not instance.is_ready:
            raise ModelUnloadedError(f"{instance.identifier!r} has already been unloaded.")
        user = using.get()
        request = Request(user.name)
        instance.requests.add(request)
        self._apply(instance, RequestBegan(now()))
        try:
            await self._shares.good(user)
            async with instance.sessions.turn(user.name):
                if not instance.is_ready:
                    raise ModelUnloadedError(f"{instance.identifier!r} was unloaded meanwhile.")
                self.mark(request, work)
                yield request
        finally:
            instance.requests.discard(request)
            self._shares.spend(user, request.predicted_tokens)
            self._apply(instance, RequestEnded(now()))

    def mark(self, request: Request, work: Work) -> None:
        """Note what a request is doing now."""
        if request.work is not work:
            request.work = work
            self._tell()

    async def close(self) -> None:
        """Cancel every load, end every instance and every worker."""
        await asyncio.gather(*(self.cancel_load(instance) for instance in self.loads))
        await asyncio.gather(*(self.unload(instance, "shut down") for instance in self.instances))
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._launcher.close()

    # What happens

    def _apply(self, instance: Instance, event: Event) -> None:
        instance.state = advance(instance.state, event)
        self._set_timer(instance)
        instance.changed.set()
        instance.changed = asyncio.Event()
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _set_timer(self, instance: Instance) -> None:
        timer = self._timers.pop(instance, None)
        if timer is not None:
            timer.cancel()
        left_s = instance.state.left_s(now())
        if left_s is not None:
            loop = asyncio.get_running_loop()
            # A time of day comes earlier or later than it seemed when somebody sets the clock.
            wait_s = min(left_s, CLOCK_S) if instance.state.keep else left_s
            self._timers[instance] = loop.call_later(wait_s, self._expire, instance)

    def _expire(self, instance: Instance) -> None:
        left_s = instance.state.left_s(now())
        if left_s is None:
            return
        if left_s > 0:
            self._set_timer(instance)
        else:
            self._begin_unload(instance, "expired")

    async def _bring_up(self, instance: Instance, victims: tuple[Instance, ...]) -> None:
        """Carry out a load to one of its three ends."""
        error: EngineError
        try:
            for victim in victims:
                await victim.gone.wait()
            await self._gpus.returned()
            instance.take(self._gpus.placed(instance.plan))
            self._guard(instance.plan, self._others(instance))
            instance.admitted = True
            listening = await self._warmed_up(instance, await self._load(instance))
        except asyncio.CancelledError:
            error = LoadCancelledError(instance.identifier)
        except EngineError as failure:
            error = failure
        except OSError as failure:
            error = LoadFailedError(f"The process for {instance.identifier!r} failed: {failure}.")
        else:
            if listening.refused:
                logger.warning("llama.cpp has no %s", ", ".join(listening.refused))
            instance.settings = effective(instance.plan, listening)
            self._apply(instance, Loaded(now()))
            self.books.loaded(instance)
            del self._loads[instance]
            instance.outcome.set_result(instance)
            if instance.worker is not None:
                self._spawn(self._watch(instance, instance.worker))
            self._launcher.refill()
            logger.info("loaded %s", instance.identifier)
            return
        if instance.worker is not None:
            await instance.worker.end()
        del self._loads[instance]
        self._finish(instance)
        instance.outcome.set_exception(error)
        instance.outcome.exception()
        self._launcher.refill()
        if not isinstance(error, LoadCancelledError):
            self.books.refused(instance.plan, error)
        logger.info("not loaded: %s", error.title)

    async def _warmed_up(self, instance: Instance, listening: Listening) -> Listening:
        """Give a loaded instance the prompts that are kept; where that ends it, load it without."""
        instance.address = listening.address
        instance.settings = effective(instance.plan, listening)
        await self._prompts.restore(instance)
        if instance.worker is not None and not instance.worker.is_running:
            logger.warning("%s: its process ended on kept prompts", instance.identifier)
            instance.warm_tokens = 0
            listening = await self._load(instance)
            instance.address = listening.address
        return listening

    async def _load(self, instance: Instance) -> Listening:
        """Load into a worker; where only the chat template is at fault, without that template."""
        order = replace(order_for(instance.plan), slot_save_path=self._prompts.folder)
        try:
            return await self._load_with(instance, order)
        except LoadFailedError as failure:
            if not failure.reason or order.embedding:
                raise
            if order.settings.prompt_template is not None:
                raise LoadFailedError(
                    failure.title, hint="Is the prompt template right that it was loaded with?"
                ) from None
            if instance.worker is not None:
                await instance.worker.end()
            plain = replace(order, settings=replace(order.settings, prompt_template=PLAIN_TEMPLATE))
            try:
                listening = await self._load_with(instance, plain)
            except LoadFailedError:
                raise failure from None
            instance.template_problem = failure.reason
            self.template_problems.note(instance.model, failure.reason)
            logger.warning(
                "the chat template of %s cannot be used: %s", instance.identifier, failure.reason
            )
            return listening

    async def _load_with(self, instance: Instance, order: Order) -> Listening:
        """Load into a new worker; a template that never ends ends the worker."""
        worker = instance.worker = await self._launcher.take()
        template = order.settings.prompt_template
        template = template or instance.model.header.text("tokenizer.chat_template")
        stuck = asyncio.Event()
        watching = asyncio.create_task(self._templates.over(worker, template, stuck))
        try:
            return await worker.load(order, lambda fraction: self._move(instance, fraction))
        except LoadFailedError as failure:
            if stuck.is_set():
                title = f"The chat template of {instance.identifier!r} does not come to an end."
                raise LoadFailedError(title, reason=ENDLESS) from failure
            raise
        finally:
            watching.cancel()

    def _others(self, instance: Instance) -> tuple[Instance, ...]:
        return tuple(other for other in self._instances.values() if other is not instance)

    def _move(self, instance: Instance, fraction: float) -> None:
        if fraction > instance.state.fraction:
            self._apply(instance, Progressed(fraction))

    def _begin_unload(self, instance: Instance, why: str, by: str = "") -> None:
        """From here on it takes no requests and its identifier is free."""
        self.departures.note(instance.reference, Departure(why=why, by=by, at=now()))
        self.books.ended(instance, why, by)
        self._gpus.leaving(instance)
        self._apply(instance, UnloadBegan())
        del self._instances[instance.identifier]
        self._spawn(self._end(instance, why))

    async def _end(self, instance: Instance, why: str) -> None:
        if instance.worker is not None:
            if instance.worker.is_running and why != FORGOTTEN:
                await self._prompts.keep(instance, why)
            await instance.worker.end()
        self._finish(instance)
        logger.info("%s %s", why, instance.identifier)

    async def _watch(self, instance: Instance, worker: WorkerHandle) -> None:
        """Notice when a worker dies by itself."""
        await asyncio.wait([worker.exited])
        if instance.is_ready:
            logger.error("%s: its process ended (%s)", instance.identifier, worker.exited.result())
            self._begin_unload(instance, "crashed")

    def _finish(self, instance: Instance) -> None:
        if self._instances.get(instance.identifier) is instance:
            del self._instances[instance.identifier]
        self._apply(instance, Ended())
        instance.gone.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
