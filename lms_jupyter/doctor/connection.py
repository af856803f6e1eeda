"""Checks of the way to the host: which one, why, its ports, the token, the proxies."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from lms_jupyter.doctor.finding import CheckContext, Finding, bad, good, look
from lms_jupyter.errors import (
    FolderError,
    HostError,
    HostRefusedError,
    HostUnreachableError,
    LmsError,
    StudioAsleepError,
)

KNOCK_TIMEOUT_S = 1.0
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
DEFAULT_PORTS = {"http": 80, "https": 443}
"""Of the kinds of proxies that the engine can download through."""


def host(visit: CheckContext) -> Iterator[Finding]:
    """Say which host is used and why, and whether it lets us in."""
    return iter([asyncio.run(_host(visit))])


async def _host(visit: CheckContext) -> Finding:
    from lms_jupyter.hosts import discover  # noqa: PLC0415 - brings the SDK

    try:
        found = await discover.find_host(visit.named, environ=visit.environ, start=False)
        try:
            await found.host.connect()
            info, models = found.host.info, await found.host.models()
        finally:
            await found.host.close()
    except HostRefusedError as error:
        return bad("Host", error.title, error.hint or _name_a_token())
    except HostUnreachableError as error:
        return _unreachable(error, is_named=visit.named or visit.environ.get(discover.VARIABLE))
    except LmsError as error:
        return bad("Host", error.title, error.hint)
    version = f" {info.version}" if info.version else ""
    says = f"{info.name}{version} at {info.address} ({found.why}), {len(models)} models."
    if not models:
        return look("Host", says, "It has nothing to load yet: %lms get NAME downloads a model.")
    return good("Host", says)


def _unreachable(error: HostUnreachableError, *, is_named: object) -> Finding:
    if isinstance(error, StudioAsleepError):
        return look("Host", error.title, error.hint)
    return bad("Host", error.title, error.hint) if is_named else _no_host()


def _no_host() -> Finding:
    from lms_jupyter.hosts import embedded  # noqa: PLC0415 - brings httpx

    if lacking := embedded.missing():
        return bad(
            "Host",
            f"There is no LM Studio here, and the embedded engine lacks {', '.join(lacking)}.",
            "Start LM Studio, or run: pip install 'lms-jupyter[engine]'",
        )
    return good("Host", "No LM Studio here: the embedded engine starts with the first use.")


def ports(_visit: CheckContext) -> Iterator[Finding]:
    """Say on which of its ports LM Studio listens, and who else does."""
    from lms_jupyter.hosts import discover  # noqa: PLC0415 - brings the SDK

    yield about_ports(asyncio.run(_knock_at_all(discover.PORTS)))


def about_ports(answers: Sequence[tuple[int, str]]) -> Finding:
    """Judge who answers on which port: `studio`, `other` or `nobody`."""
    studio = [str(port) for port, answer in answers if answer == "studio"]
    others = [str(port) for port, answer in answers if answer == "other"]
    if studio:
        return good("Ports", f"LM Studio's API answers on {', '.join(studio)}.")
    if others:
        return look(
            "Ports",
            f"Something that is no LM Studio listens on {', '.join(others)}.",
            "If LM Studio is to run here, let it have that port or give it another.",
        )
    return good("Ports", "LM Studio's ports are free: it does not run here.")


async def _knock_at_all(numbers: tuple[int, ...]) -> list[tuple[int, str]]:
    return list(zip(numbers, await asyncio.gather(*map(_knock, numbers)), strict=True))


async def _knock(port: int) -> str:
    from lms_jupyter.hosts.rest import greet  # noqa: PLC0415 - brings httpx

    try:
        await greet(f"127.0.0.1:{port}", timeout_s=KNOCK_TIMEOUT_S)
    except HostError:
        return "other" if await asyncio.to_thread(_is_open, port) else "nobody"
    return "studio"


def _is_open(port: int) -> bool:
    with socket.socket() as knocking:
        knocking.settimeout(KNOCK_TIMEOUT_S)
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def token(visit: CheckContext) -> Iterator[Finding]:
    """Say whether there is an API token, never which."""
    from lms_jupyter.hosts import (  # noqa: PLC0415 - brings the SDK
        addresses,
        credentials,
        discover,
        host_names,
    )

    holder = next((name for name in credentials.TOKEN_VARIABLES if visit.environ.get(name)), None)
    yield from _announced(visit)
    named = visit.named or visit.environ.get(discover.VARIABLE) or addresses.LOOPBACK[0]
    try:
        address = host_names.address_of(named)
    except LmsError as error:
        yield bad("Token", error.title, error.hint)
        return
    known = host_names.known_at(address)
    if known is not None and known.token:
        holder = f"the {known.token} that keeps it for {known.name}"
    if holder is None:
        yield good("Token", f"None, which is right unless the host wants one. {_name_a_token()}")
        return
    if addresses.is_protected(address):
        yield good("Token", f"There is one in {holder}.")
        return
    yield look(
        "Token",
        f"There is one in {holder}, and it travels to {address} without encryption.",
        "Use a tunnel: ssh -N -L 1234:127.0.0.1:1234 HOST, then LMS_JUPYTER_HOST=127.0.0.1:1234.",
    )


def _announced(visit: CheckContext) -> Iterator[Finding]:
    """Say whether an engine of this user has a token of its own, and that nobody else can read it.

    Never which, and not the file's content.
    """
    from lms_jupyter.hosts import announcements  # noqa: PLC0415 - brings msgspec

    try:
        files = announcements.files(visit.environ)
    except (FolderError, HostError) as error:
        yield bad("Token", error.title, error.hint)
        return
    for file in files:
        known = announcements.read(file)
        if known is None:
            if file.exists():
                yield bad(
                    "Token",
                    f"{file} may be another user's: it is not trusted.",
                    f"Remove it, and start the engine anew: rm {file}",
                )
        elif known.token is None:
            yield look(
                "Token",
                f"The engine at {known.address} lets in everybody who reaches it.",
                "End it, %lms host stop; one that is started now has a token.",
            )
        elif file.stat().st_mode & 0o077 and hasattr(os, "geteuid"):
            yield bad(
                "Token",
                f"Others may read {file}, and so use the engine at {known.address}.",
                "End the engine, %lms host stop; the next one has another token.",
            )
        else:
            yield good(
                "Token",
                f"The engine at {known.address} is this user's alone; your notebooks carry its "
                "token. For other programs: lms-jupyter engine --env",
            )


def _name_a_token() -> str:
    from lms_jupyter.hosts import credentials  # noqa: PLC0415 - brings the SDK

    return f"A token goes into the environment as {credentials.TOKEN_VARIABLES[0]}."


def proxies(visit: CheckContext) -> Iterator[Finding]:
    """Say which proxies are set, having tried them, and the way past them to the host.

    Never what they are: an address may hold a password.
    """
    names = [
        name for lower in PROXIES for name in (lower, lower.upper()) if visit.environ.get(name)
    ]
    if not names:
        yield good("Proxies", "None.")
        return
    wrong = [why for name in names if (why := _try_proxy(name, visit.environ[name]))]
    reached = asyncio.run(_reached(visit))
    bypass = f"The host at {reached} is reached without them." if reached else ""
    if wrong:
        yield look(
            "Proxies",
            " ".join([*wrong, bypass]).strip(),
            "Write it as http://host:port, or unset it: the engine's downloads of models need it.",
        )
    else:
        yield good("Proxies", f"{', '.join(names)}: set, and answering. {bypass}".strip())


def _try_proxy(name: str, text: str) -> str:
    """Connect to a proxy; return what is wrong, in a sentence, or nothing."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        place = (parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0))
    except ValueError:
        return f"{name} is no address of a proxy."
    if not place[0] or " " in text or text.startswith("/"):
        return f"{name} is no address of a proxy."
    if parts.scheme not in DEFAULT_PORTS:
        return f"{name} names a {parts.scheme} proxy, and the engine downloads through none."
    try:
        with socket.create_connection(place, timeout=KNOCK_TIMEOUT_S):
            return ""
    except (OSError, UnicodeError):
        return f"Nothing answers where {name} says that a proxy is."


async def _reached(visit: CheckContext) -> str:
    """Return the address of the host, if it answers now; nothing is started for it."""
    from lms_jupyter.hosts import discover  # noqa: PLC0415 - brings the SDK

    try:
        found = await discover.find_host(visit.named, environ=visit.environ, start=False)
    except LmsError:
        return ""
    return found.host.info.address
