"""Runs `host`, `server` and `doctor`."""

import time

from lms_jupyter.api.draw import compact
from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.hosts import HostLine, ServerLine, ShowDoctor
from lms_jupyter.manager.host_choices import discover_hosts
from lms_jupyter.manager.watch import switch

AUTO = "auto"
STOP_TIMEOUT_S = 10.0
ASK_AGAIN_S = 0.05


@perform.register
def host(request: HostLine, context: MagicContext) -> str | None:
    """Show, switch or list hosts, or start and stop the embedded engine."""
    # These bring the SDK, which takes long to import.
    from lms_jupyter.hosts import embedded  # noqa: PLC0415
    from lms_jupyter.hosts.rest import normal_address  # noqa: PLC0415

    run = context.session.local
    match request.what:
        case "list":
            for line in run.finish(_all(context.manager.activity.host.address)):
                context.say(line)
            return None
        case "start":
            greeting = run.finish(embedded.start_engine())
            run.finish(switch(greeting.address, context.manager))
        case "stop":
            _stop(context)
            return None
        case "wake":
            _wake(context)
        case "use":
            address = "" if request.address == AUTO else normal_address(request.address)
            run.finish(switch(address, context.manager))
        case _:
            pass
    run.connect()
    context.note_host()
    info = context.manager.activity.host
    context.say(f"Using {info.title} at {info.address} ({context.manager.why}).")
    return info.address


def _wake(context: MagicContext) -> None:
    """Start the LM Studio that is installed here, and use it."""
    from lms_jupyter.hosts import discover, studio_files  # noqa: PLC0415 - brings the SDK

    programs = studio_files.installations()
    if programs:
        context.say(f"Waking LM Studio ({programs[0].program}) …")
    local = context.session.local
    local.finish(discover.wake_studio())
    # Looked for again, so that what is said of it, and shown to it, is as it always is.
    local.finish(switch("", context.manager))


async def _all(current: str) -> list[str]:
    """Name every host that answers on this machine, and the one that is used."""
    lines = [
        f"{host.address}  {host.title}" + ("  (used here)" if host.address == current else "")
        for host in await discover_hosts([current] if current else [])
    ]
    return lines or ["No host answers on this machine; `%lms host start` starts the engine."]


def _stop(context: MagicContext) -> None:
    """End the engine of this user, and wait until it is gone."""
    from lms_jupyter.hosts import announcements, embedded  # noqa: PLC0415 - brings the SDK

    known = announcements.announced()
    local = context.session.local
    if known is None or not local.finish(embedded.stop_engine()):
        raise CommandError("No embedded engine of yours is running.")
    until = time.monotonic() + STOP_TIMEOUT_S
    while local.finish(embedded.running_engine()) is not None:
        if time.monotonic() > until:
            raise HostUnreachableError(f"The engine at {known.address} does not end.")
        # It is nobody's child that could be waited for: whether it still answers is all there is.
        time.sleep(ASK_AGAIN_S)
    context.say(f"The engine at {known.address} has ended, and with it all that it had in memory.")


@perform.register
def server(request: ServerLine, context: MagicContext) -> None:
    """Start, stop or show LM Studio's HTTP server."""
    context.connect()
    if request.what == "status":
        address = context.manager.activity.host.address
        port = int(address.rpartition(":")[2])
        if request.as_json:
            context.say(compact({"running": True, "port": port}))
        else:
            context.say(f"{context.manager.activity.host.name} answers on port {port}.")
        return
    on = request.what == "start"
    context.session.run(
        context.manager.connected_host.serve(on=on, port=request.port, cors=request.cors)
    )
    where = f" on port {request.port}" if request.port else ""
    context.say(f"The HTTP server {'runs' if on else 'has stopped'}{where}.")


@perform.register
def doctor(request: ShowDoctor, context: MagicContext) -> None:
    """Examine everything, and say what to do about what is not right."""
    from lms_jupyter.doctor import examine  # noqa: PLC0415 - brings the SDK

    findings = examine.examine(context.manager.host)
    context.say(examine.as_json(findings) if request.as_json else examine.text(findings))
