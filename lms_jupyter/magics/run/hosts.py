"""Runs `server` and `doctor`."""

from lms_jupyter.api.draw import compact
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.hosts import ServerLine, ShowDoctor


@perform.register
def server(request: ServerLine, context: MagicContext) -> None:
    """Start, stop or show LM Studio's HTTP server."""
    from lms_jupyter.hosts.addresses import server_of  # noqa: PLC0415 - where it is used

    context.connect()
    if request.what == "status":
        address = context.manager.activity.host.address
        _, port = server_of(address)
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
