"""The verb about which host is used: `host`."""

import argparse
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb

What = Literal["show", "list", "use", "start", "stop", "wake", "add", "rm"]
ALONE: dict[str, What] = {
    "list": "list",
    "ls": "list",
    "start": "start",
    "stop": "stop",
    "wake": "wake",
}
"""What takes nothing behind it."""
NAMED = ("use", "rm")
"""What takes one name behind it."""


class HostLine(Struct, frozen=True, kw_only=True):
    """`%lms host`: which host is used; another; all; their names; start or stop the engine."""

    what: What = "show"
    name: str = ""
    """Of a host that is to get one or to lose it."""
    address: str = ""
    """An address, or a name that stands for one."""
    asks_token: bool = False
    certificate: str = ""
    sets_environ: bool = False
    """Whether OpenAI's clients in this kernel are to talk to the host that is used then."""


def _host(a: argparse.Namespace) -> HostLine:
    line = _without_environ(a)
    if a.env and line.what not in ("show", "use", "start", "wake"):
        raise CommandError(
            f"%lms host {line.what}: --env goes with a host that is used.",
            hint="For example: %lms host --env, or %lms host gpu-box --env",
        )
    return replace(line, sets_environ=a.env)


def _without_environ(a: argparse.Namespace) -> HostLine:
    has_flags = a.token or a.ca is not None
    if has_flags and a.what != "add":
        raise CommandError(
            "%lms host: --token and --ca go with add alone.",
            hint="For example: %lms host add gpu-box https://gpu.example --token",
        )
    match a.what, a.name, a.address:
        case None, None, None:
            return HostLine()
        case "add", str(name), str(address):
            return HostLine(
                what="add",
                name=name,
                address=address,
                asks_token=a.token,
                certificate=a.ca or "",
            )
        case what, None, None if what in ALONE:
            return HostLine(what=ALONE[what])
        case "rm", str(name), None:
            return HostLine(what="rm", name=name)
        case "use", str(address), None:
            return HostLine(what="use", address=address)
        case address, None, None if address not in (*NAMED, "add"):
            return HostLine(what="use", address=address)
        case _:
            raise CommandError(
                "%lms host: say list, start, stop, wake, or an address, or the name of a host, "
                "which `add NAME ADDRESS` gives it and `rm NAME` takes away.",
                hint="For example: %lms host 127.0.0.1:1234, or %lms host auto",
            )


VERBS = (
    Verb(
        name="host",
        summary="show the host, use another, list all, name them, start and stop the engine, "
        "wake LM Studio",
        build=_host,
        words=(
            Argument(
                dest="what",
                metavar="WHAT",
                help="ls, add, rm, start, stop, wake, use, or a name or an address "
                "(auto: look for one)",
                many="optional",
                completes="host",
            ),
            Argument(
                dest="name",
                metavar="NAME",
                help="what a host is called, or its address after `use`",
                many="optional",
                completes="host",
            ),
            Argument(
                dest="address",
                metavar="ADDRESS",
                help="host:port, or https://host behind a proxy",
                many="optional",
            ),
        ),
        flags=(
            Flag(
                names=("--token",),
                help="ask for the host's API token and keep it outside of notebooks",
                default=False,
            ),
            Flag(
                names=("--ca",),
                help="the file of the host's certificate, or of who signed it",
                metavar="FILE",
            ),
            Flag(
                names=("--env",),
                help="have OpenAI's clients in this kernel talk to it, jupyter-ai's magics too",
                default=False,
            ),
        ),
        examples=(
            "%lms host",
            "%lms host ls",
            "%lms host wake",
            "%lms host 192.168.1.5:1234",
            "%lms host add gpu-box https://gpu.example --token",
            "%lms host gpu-box",
            "%lms host --env",
        ),
    ),
)
