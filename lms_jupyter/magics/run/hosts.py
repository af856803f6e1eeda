"""Runs `host`, `server`, `get` and `doctor`."""

import time
from typing import Any

from lms_jupyter.api.draw import compact
from lms_jupyter.api.sizes import format_size
from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.hosts.base import Downloading, Offer, pauses_downloads
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.progress import DELAY_S, take_away
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.hosts import GetModel, HostLine, ServerLine, ShowDoctor
from lms_jupyter.manager import downloading
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
def get(request: GetModel, context: MagicContext) -> str | None:
    """Download a model and return its key. Interrupting pauses it: the next `get` goes on."""
    context.connect()
    host = context.manager.connected_host
    choosing = downloading.choose(request.name, request.quantization, host, first=request.yes)
    offer = context.session.run(choosing)
    if request.cancel:
        context.session.run(downloading.discard(offer, context.manager))
        context.say(f"Fetching {offer.name} is called off; nothing of it is left.")
        return None
    context.say(f"Fetching {offer.name} ({format_size(offer.size_bytes)}).")
    bar = _DownloadBar(offer)
    try:
        work = downloading.fetch(offer, context.manager, bar.move)
        key = context.session.run(work, bar.glance)
    except KeyboardInterrupt:
        context.say(_left(offer, bar.now, context))
        raise
    finally:
        bar.close()
    context.say(f"Done: %lms load {key}")
    return key


def _left(offer: Offer, now: Downloading, context: MagicContext) -> str:
    """Say what an interrupted download leaves."""
    host = context.manager.activity.host
    if not pauses_downloads(host):
        return f"{host.name} was told to stop fetching {offer.name}; this line asks for it again."
    done = f"{format_size(now.downloaded_bytes)} of {format_size(now.total_bytes)}"
    return (
        f"Paused at {done}. This line again goes on from there; "
        f"with --cancel it removes what is there."
    )


class _DownloadBar:
    """The progress of a download, moved in the thread of the cell."""

    def __init__(self, offer: Offer) -> None:
        self.now = Downloading(downloaded_bytes=0, total_bytes=offer.size_bytes)
        self._bar: Any = None

    def move(self, step: Downloading) -> None:
        """Take note of how far it is; called on the manager's loop."""
        self.now = step

    def glance(self) -> None:
        """Move the bar to where the download is now."""
        if self._bar is None:
            from tqdm.auto import tqdm  # noqa: PLC0415 - brings ipywidgets in a notebook

            self._bar = tqdm(
                total=self.now.total_bytes,
                unit="B",
                unit_scale=True,
                leave=False,
                desc="Download",
                delay=DELAY_S,
            )
        self._bar.update(self.now.downloaded_bytes - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            take_away(self._bar)


@perform.register
def doctor(request: ShowDoctor, context: MagicContext) -> None:
    """Examine everything, and say what to do about what is not right."""
    from lms_jupyter.doctor import examine  # noqa: PLC0415 - brings the SDK

    findings = examine.examine(context.manager.host)
    context.say(examine.as_json(findings) if request.as_json else examine.text(findings))
