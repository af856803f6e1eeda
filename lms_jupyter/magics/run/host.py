"""Runs `host`: which host is used, which there are, and what they are called."""

import asyncio
import getpass
import os
import time
from pathlib import Path

from IPython.core.error import StdinNotImplementedError

from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.magics.context import MagicContext
from lms_jupyter.magics.run import perform
from lms_jupyter.magics.verbs.host import HostLine
from lms_jupyter.manager.host_choices import discover_hosts
from lms_jupyter.manager.watch import switch

AUTO = "auto"
STOP_TIMEOUT_S = 10.0
ASK_AGAIN_S = 0.05


@perform.register
def host(request: HostLine, context: MagicContext) -> str | None:
    """Show, switch, list or name hosts, or start and stop the embedded engine."""
    # These bring the SDK, which takes long to import.
    from lms_jupyter.hosts import embedded  # noqa: PLC0415
    from lms_jupyter.hosts.host_names import address_of  # noqa: PLC0415

    run = context.session.local
    match request.what:
        case "list":
            for line in run.finish(_all(context.manager.activity.host.address)):
                context.say(line)
            return None
        case "add":
            _add(request, context)
            return None
        case "rm":
            _forget(request.name, context)
            return None
        case "stop":
            _stop(context)
            return None
        case "start":
            greeting = run.finish(embedded.start_engine())
            run.finish(switch(greeting.address, context.manager))
        case "wake":
            _wake(context)
        case "use":
            address = "" if request.address == AUTO else address_of(request.address)
            run.finish(switch(address, context.manager))
        case _:
            pass
    run.connect()
    context.note_host()
    info = context.manager.activity.host
    context.say(f"Using {info.title} at {info.place} ({context.manager.why}).")
    if request.sets_environ:
        _set_environ(info.address, context)
    return info.address


def _set_environ(address: str, context: MagicContext) -> None:
    """Have OpenAI's clients in this kernel talk to a host; the key is not shown."""
    from lms_jupyter.api import openai_env  # noqa: PLC0415 - where it is used

    replaced = openai_env.set_openai_environ(address, os.environ)
    url = os.environ[openai_env.ADDRESSES[0]]
    names = ", ".join((*openai_env.ADDRESSES, openai_env.KEY))
    context.say(f"OpenAI's clients in this kernel talk to {url}: {names} are set.")
    if replaced:
        context.say(f"{', '.join(replaced)} had another value before; a new kernel has that again.")
    context.say('For assistants of JupyterLab itself: eval "$(lms-jupyter env)" && jupyter lab')


def _add(request: HostLine, context: MagicContext) -> None:
    """Give a host a name, and keep its token if there is one to type in."""
    from lms_jupyter.hosts import addresses, certificates, host_names  # noqa: PLC0415 - as above

    address = addresses.normal_address(request.address)
    certificate = str(Path(request.certificate).expanduser().resolve()) * bool(request.certificate)
    if certificate:
        if not addresses.is_secure(address):
            raise CommandError(
                f"--ca says whom to trust, and nothing that is said to {address} is encrypted.",
                hint="Write the address with https:// before it.",
            )
        certificates.trusting(certificate)
    token = _ask_for_token(request.name) if request.asks_token else None
    added = host_names.add(request.name, address, token=token, certificate=certificate)
    kept = f"; its API token is kept in {_place(added.token)}" if added.token else ""
    context.say(f"{added.name} is {added.address}{kept}. Use it: %lms host {added.name}")
    if added.token and not addresses.is_protected(address):
        context.say(
            "The token travels there without encryption: use https://, or a tunnel: "
            f"ssh -N -L {':'.join(('1234', *map(str, addresses.server_of(address))))} HOST"
        )


def _ask_for_token(name: str) -> str:
    """Let the user type a token; it is neither shown nor kept in the notebook."""
    try:
        typed = getpass.getpass(f"API token of {name}: ").strip()
    except (StdinNotImplementedError, EOFError):
        raise CommandError(
            f"Nobody can be asked for the API token of {name} here.",
            hint="Run this line once in a notebook or in IPython on this machine: what is typed "
            "there is kept for all programs of yours.",
        ) from None
    if not typed:
        raise CommandError(f"No API token was typed, so {name} is left as it was.")
    return typed


def _forget(name: str, context: MagicContext) -> None:
    from lms_jupyter.hosts import host_names  # noqa: PLC0415 - where it is used

    gone = host_names.remove(name)
    token = " and the API token that was kept for it" if gone.token else ""
    context.say(
        f"{name}, the name of {gone.address},{token} is forgotten. The host itself goes on."
    )


def _place(place: str) -> str:
    from lms_jupyter.hosts import host_tokens  # noqa: PLC0415 - where it is used

    return "the keyring" if place == "keyring" else str(host_tokens.token_file())


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
    """Name every host that answers on this machine or has a name, and the one that is used."""
    from lms_jupyter.hosts.host_names import named_hosts  # noqa: PLC0415 - where it is used

    named = await asyncio.to_thread(named_hosts)
    answering = await discover_hosts([current] if current else [])
    there = {host.address: host.title for host in answering}
    lines = []
    for known in named:
        token = "  (its token is kept)" if known.token else ""
        says = there.get(known.address, "does not answer")
        lines.append(f"{known.name}  {known.address}  {says}{token}{_used(known.address, current)}")
    own = {known.address for known in named}
    lines += [
        f"{host.address}  {host.title}{_used(host.address, current)}"
        for host in answering
        if host.address not in own
    ]
    return lines or ["No host answers on this machine; `%lms host start` starts the engine."]


def _used(address: str, current: str) -> str:
    return "  (used here)" if address == current else ""


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
