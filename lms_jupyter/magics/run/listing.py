"""Runs `ls`, `ps`, `status` and `log`."""

import time
from contextlib import aclosing
from datetime import datetime
from typing import Any

import msgspec

from lms_jupyter.api import usage, views
from lms_jupyter.api.all_hosts import instances_everywhere
from lms_jupyter.api.draw import compact, draw_status, instances_json, models_json
from lms_jupyter.api.why import reasons
from lms_jupyter.hosts.base import Host, LogEntry, Past, remembers_its_log
from lms_jupyter.magics.context import LiveDisplay, MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.listing import ListInstances, ListModels, ShowLog, ShowStatus
from lms_jupyter.protocol.commands import Refresh

WATCH_S = 1.0
"""Between two tables of `ps --watch`; `ps` waits no longer than it was told to watch."""


class _EnoughError(Exception):
    """As much of the log was shown as was asked for."""


MODEL = "llm.prediction."
SOURCES = {"model": MODEL, "server": "server.", "runtime": "runtime."}


@perform.register
def ls(request: ListModels, context: MagicContext) -> Any:
    """List what is downloaded."""
    context.connect()
    manager, run = context.manager, context.session.run
    if request.model_key is not None or request.variants:
        table, json = run(views.variants(manager, request.model_key, request.kinds))
        if request.as_json:
            return context.say(json)
        return context.shown(table)
    models = run(views.models(manager, request.kinds))
    if request.as_json:
        return context.say(models_json(models))
    return context.shown(models)


@perform.register
def ps(request: ListInstances, context: MagicContext) -> Any:
    """List what is in memory, once or again and again."""
    if request.all_hosts:
        everywhere, json = context.session.local.finish(instances_everywhere(context.manager))
        return context.say(json) if request.as_json else context.shown(everywhere)
    context.connect()
    manager, run = context.manager, context.session.run
    if request.as_json:
        found = run(views.instances(manager))
        return context.say(
            instances_json(found, run(views.parallel(manager.connected_host, tuple(found))))
        )
    if request.watch_s is None:
        return context.shown(run(views.instances(manager)))
    spot = LiveDisplay(context)
    until = time.monotonic() + request.watch_s
    try:
        while True:
            table = run(views.instances(manager))
            spot.put(table.bundle())
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            time.sleep(min(WATCH_S, left_s))
    except KeyboardInterrupt:
        # Interrupting is how watching ends; what was shown last stays.
        return None


@perform.register
def status(request: ShowStatus, context: MagicContext) -> None:
    """Say which host is used and what it has in memory, or why it is there."""
    context.session.local.connect()
    if request.why:
        found = context.session.run(reasons(context.manager))
        if request.as_json:
            context.say(found.json())
        else:
            context.show(found.draw().bundle())
        return
    context.note_host()
    context.command(Refresh())
    context.show(draw_status(context.manager.activity, context.manager.why).bundle())


@perform.register
def log(request: ShowLog, context: MagicContext) -> Any:
    """Show what the host has logged and what it logs, for a while or until interrupted."""
    context.connect()
    if request.requests:
        return _requests(request, context)
    host = context.manager.connected_host.info
    if request.last and not remembers_its_log(host) and not request.as_json:
        context.say(f"{host.name} does not keep its log: this is what it logs from now on.")
    entries: list[LogEntry] = []
    caught_up_at: list[float] = []
    past = Past(
        last=request.last,
        kinds=_kinds(request),
        identifier=request.identifier,
        caught_up=lambda: caught_up_at.append(time.monotonic()),
    )
    listening = context.session.local.submit(_listen(context.manager.connected_host, past, entries))
    shown: list[LogEntry] = []
    seen = 0

    def show_new() -> None:
        nonlocal seen
        new = [entry for entry in entries[seen:] if _wanted(entry, request)]
        seen = len(entries)
        for entry in new:
            context.say(_json(entry) if request.as_json else _text(entry))
        shown.extend(new)
        if not caught_up_at:
            return
        if not request.follow and time.monotonic() > caught_up_at[0] + request.seconds:
            raise _EnoughError
        fresh = sum(not entry.past for entry in shown)
        if request.lines is not None and fresh >= request.lines:
            raise _EnoughError

    try:
        context.session.local.wait(listening, show_new)
    except (KeyboardInterrupt, _EnoughError):
        # Both are how listening ends.
        context.session.local.stop(listening)
    if not shown and not request.as_json:
        context.say("Nothing was logged.")
    return None


def _requests(request: ShowLog, context: MagicContext) -> Any:
    """Show the requests that have ended."""
    found = context.session.run(usage.requests(context.manager, request.identifier, request.last))
    if request.as_json:
        return context.say("\n".join(compact(msgspec.to_builtins(entry)) for entry in found))
    return context.shown(found)


async def _listen(host: Host, past: Past, entries: list[LogEntry]) -> None:
    async with aclosing(host.log(past)) as log_:  # type: ignore[type-var]
        async for entry in log_:
            entries.append(entry)  # noqa: PERF401 - they are read while they come


def _kinds(request: ShowLog) -> tuple[str, ...]:
    source = SOURCES[request.source]
    return tuple(source + shown for shown in request.shows) if source == MODEL else (source,)


def _wanted(entry: LogEntry, request: ShowLog) -> bool:
    is_of_it = request.identifier in (None, entry.identifier)
    return is_of_it and entry.kind.startswith(_kinds(request))


def _text(entry: LogEntry) -> str:
    at = datetime.fromtimestamp(entry.at).astimezone().strftime("%H:%M:%S")
    about = " ".join(part for part in (entry.kind, entry.identifier) if part)
    return f"{at} {about}\n{entry.text.rstrip()}\n"


def _json(entry: LogEntry) -> str:
    return compact({name: getattr(entry, name) for name in LogEntry.__struct_fields__})
