"""What the verbs about hosts and answers do, to be awaited on the manager's loop."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Literal, TypedDict

from msgspec.structs import replace

from lms_jupyter.api.answers import Answer, Draft
from lms_jupyter.api.draw import draw_log, draw_status
from lms_jupyter.api.load_requests import NotebookRequest, read_ttl
from lms_jupyter.api.notebook_model import chosen_model, explain
from lms_jupyter.api.session import Session
from lms_jupyter.api.tables import Table
from lms_jupyter.errors import CommandError, HostUnreachableError, ModelNotFoundError
from lms_jupyter.hosts.base import Host, LogEntry, Past, remembers_its_log
from lms_jupyter.hosts.prediction import Message, Overflow, Sampling
from lms_jupyter.manager import Manager, downloading, lookup
from lms_jupyter.manager.commands import run
from lms_jupyter.manager.host_choices import discover_hosts, wake_studio
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.watch import switch
from lms_jupyter.protocol.commands import Refresh
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Instance

HostWord = Literal["list", "start", "stop", "wake", "auto"]
LinkWord = Literal["status", "enable", "disable", "set-device-name", "set-preferred-device"]
RuntimeWord = Literal["ls", "select", "survey"]
LogSource = Literal["model", "server", "runtime"]
SOURCES: Mapping[LogSource, str] = {
    "model": "llm.prediction.",
    "server": "server.",
    "runtime": "runtime.",
}
STOP_TIMEOUT_S = 10.0
ASK_AGAIN_S = 0.05
PAST_TIMEOUT_S = 10.0


class SamplingOptions(TypedDict, total=False):
    """How an answer is chosen; what is left out is the model's own default."""

    temperature: float
    max_tokens: int
    top_k: int
    top_p: float
    min_p: float
    typical_p: float
    xtc_probability: float
    xtc_threshold: float
    repeat_penalty: float
    presence_penalty: float
    frequency_penalty: float
    seed: int
    log_probs: int
    reasoning_budget: int
    context_overflow: Overflow
    stop: tuple[str, ...]
    json_schema: Mapping[str, Any]
    thinking: bool


async def status(manager: Manager) -> Table[Instance]:
    """Return what is in memory, as a table that says whose host it is."""
    await run(Refresh(), manager)
    activity, why = manager.activity, manager.why
    return Table(activity.instances, lambda _: draw_status(activity, why))


async def last_used(manager: Manager) -> Instance:
    """Return the instance that answers where none is named: our own first, then the last used.

    Raises:
        CommandError: None is in memory.
    """
    known = [instance for instance in await lookup.instances(manager) if instance.kind == "llm"]
    if not known:
        raise CommandError(
            "No model is in memory that could answer.",
            hint="Name one: %%lms KEY, or load one: %lms load KEY",
        )
    own = manager.own

    def rank(instance: Instance) -> tuple[bool, float]:
        return instance.instance_reference in own, instance.idle_since or 0.0

    return max(known, key=rank)


async def answering(here: Session, asked: NotebookRequest) -> tuple[Instance, LoadResult | None]:
    """Return what answers: what is named, else the notebook's model, else what was used last.

    Args:
        here: Whose notebook asks.
        asked: How it is loaded, if it has to be; its key may be empty.

    Returns:
        The instance and, if it was asked for by a name, how it was got.

    Raises:
        CommandError: None is named and none is in memory, or what is named cannot answer.
    """
    name = asked.request.model_key or chosen_model()
    if not name:
        return await last_used(here.local.manager), None
    try:
        result = await here.load(replace(asked, request=replace(asked.request, model_key=name)))
    except ModelNotFoundError as error:
        raise error if asked.request.model_key else explain(error) from None
    if result.instance.kind != "llm":
        name = result.instance.identifier
        raise CommandError(f"{name} is an embedding model: it has no answers.")
    return result.instance, result


def messages_of(prompt: str, system: str | None) -> tuple[Message, ...]:
    """Return a conversation that begins with this.

    Raises:
        CommandError: There is nothing to say.
    """
    if not prompt.strip():
        raise CommandError("There is nothing to say: the prompt is empty.")
    first = () if system is None else (Message(role="system", text=system),)
    return (*first, Message(role="user", text=prompt))


async def chat(
    here: Session,
    messages: tuple[Message, ...],
    key: str | None,
    ttl: float | str | timedelta | None,
    options: SamplingOptions,
) -> Answer:
    """Say something to a model, and return what it answers."""
    manager = here.local.manager
    try:
        sampling = Sampling(**options)
    except TypeError as error:
        raise CommandError(
            f"chat: {error}.", hint=f"There are: {', '.join(SamplingOptions.__annotations__)}."
        ) from error
    wanted = LoadRequest(model_key=key or "", mode="use", ttl_s=read_ttl(ttl))
    instance, _ = await answering(here, NotebookRequest(request=wanted))
    draft = Draft()
    answer = manager.connected_host.respond(instance, messages, sampling)
    async with aclosing(answer) as steps:  # type: ignore[type-var]
        async for step in steps:
            draft.take(step)
    return Answer.of(draft, instance.identifier)


async def get(
    manager: Manager, name: str, quantization: str | None, *, yes: bool, cancel: bool
) -> str:
    """Download a model and return its key; with `cancel`, call that off."""
    host = manager.connected_host
    offer = await downloading.choose(name, quantization, host, first=yes)
    if cancel:
        await downloading.discard(offer, manager)
        return ""
    return await downloading.fetch(offer, manager, lambda _: None)


async def go_to_host(manager: Manager, what: str) -> str:
    """Use another host, start or end the engine, or wake LM Studio; return the address."""
    from lms_jupyter.hosts import embedded  # noqa: PLC0415 - brings the SDK
    from lms_jupyter.hosts.host_names import address_of  # noqa: PLC0415 - as above

    match what:
        case "start":
            await switch((await embedded.start_engine()).address, manager)
        case "stop":
            await _stop_engine()
            return ""
        case "wake":
            await wake_studio()
            await switch("", manager)
        case "auto":
            await switch("", manager)
        case address:
            await switch(address_of(address), manager)
    return manager.activity.host.address


async def known_hosts(current: str) -> tuple[str, ...]:
    """Name the addresses of the hosts that answer on this machine, the one in use first."""
    return tuple(choice.address for choice in await discover_hosts([current] if current else []))


async def _stop_engine() -> None:
    """End the engine of this user, and wait until it is gone."""
    from lms_jupyter.hosts import embedded  # noqa: PLC0415 - brings the SDK

    if not await embedded.stop_engine():
        raise CommandError("No embedded engine of yours is running.")
    until = time.monotonic() + STOP_TIMEOUT_S
    while (greeting := await embedded.running_engine()) is not None:
        if time.monotonic() > until:
            raise HostUnreachableError(f"The engine at {greeting.address} does not end.")
        # It is nobody's child that could be waited for: whether it still answers is all there is.
        await asyncio.sleep(ASK_AGAIN_S)


async def serve(host: Host, what: str, *, port: int | None, cors: bool) -> None:
    """Start or stop the HTTP server of a host that has one apart from its sockets."""
    if what not in ("start", "stop"):
        raise CommandError(f"serve: {what!r} is none of its words.", hint="Say start or stop.")
    await host.serve(on=what == "start", port=port, cors=cors)


async def link(host: Host, what: LinkWord, name: str) -> Any:
    """Change what is asked for on LM Link, and return how the host stands there."""
    from lms_jupyter.hosts import link_status  # noqa: PLC0415 - brings the SDK

    match what:
        case "enable":
            return await link_status.enable(host)
        case "disable":
            return await link_status.disable(host)
        case "set-device-name":
            return await link_status.set_device_name(host, name)
        case "set-preferred-device":
            return await link_status.set_preferred_device(host, name)
        case "status":
            return await link_status.link_status(host)
        case _:
            raise unknown("link", what, LinkWord)


async def runtime(host: Host, what: RuntimeWord, name: str, *, latest: bool) -> Any:
    """List the builds of llama.cpp, select one, or survey the machine."""
    from lms_jupyter.hosts import runtimes  # noqa: PLC0415 - brings the SDK

    match what:
        case "ls":
            return await runtimes.runtimes(host)
        case "select":
            return await runtimes.select(host, name, latest=latest)
        case "survey":
            return (await runtimes.survey(host))[1]
        case _:
            raise unknown("runtime", what, RuntimeWord)


async def log(host: Host, last: int, source: LogSource, seconds: float) -> Table[LogEntry]:
    """Return what the host has logged, and what it logs in the seconds that follow."""
    if source not in SOURCES:
        raise unknown("log", source, LogSource)
    entries = list[LogEntry]()
    caught_up = asyncio.Event()
    past = Past(last=last, kinds=(SOURCES[source],), caught_up=caught_up.set)

    async def listen() -> None:
        async with aclosing(host.log(past)) as lines:  # type: ignore[type-var]
            async for line in lines:
                if line.kind.startswith(SOURCES[source]):
                    entries.append(line)

    listening = asyncio.ensure_future(listen())
    waiting = asyncio.ensure_future(caught_up.wait())
    try:
        await asyncio.wait(
            [listening, waiting], timeout=PAST_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        await asyncio.wait([listening], timeout=seconds)
        if listening.done():
            listening.result()
    finally:
        for task in (listening, waiting):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
    note = "" if remembers_its_log(host.info) else f"{host.info.name} does not keep its log."
    return Table(entries, lambda rows: draw_log(rows, note))


def unknown(verb: str, what: object, words: Any) -> CommandError:
    """Return the error for a word that a verb does not know."""
    known = ", ".join(words.__args__)
    return CommandError(f"{verb}: {what!r} is none of its words.", hint=f"There are: {known}.")
