"""Verbs about the host: `host`, `server`, `doctor`."""

import argparse
from typing import Literal

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb, whole

HIGHEST_PORT = 65_535


class HostLine(Struct, frozen=True, kw_only=True):
    """`%lms host`: which host is used; another; all; start or stop the engine; wake LM Studio."""

    what: Literal["show", "list", "use", "start", "stop", "wake"] = "show"
    address: str = ""


class ServerLine(Struct, frozen=True, kw_only=True):
    """`%lms server`: LM Studio's HTTP server."""

    what: Literal["start", "stop", "status"]
    port: int | None = None
    cors: bool = False
    as_json: bool = False


class ShowDoctor(Struct, frozen=True, kw_only=True):
    """`%lms doctor`: what works here, and what to do about the rest."""

    as_json: bool = False


def _host(a: argparse.Namespace) -> HostLine:
    match a.what:
        case None:
            return HostLine()
        case "list" | "start" | "stop" | "wake" if a.address is None:
            return HostLine(what=a.what)
        case "use" if a.address is not None:
            return HostLine(what="use", address=a.address)
        case address if a.address is None and address != "use":
            return HostLine(what="use", address=address)
        case _:
            raise CommandError(
                "%lms host: say list, start, stop, wake, or an address.",
                hint="For example: %lms host 127.0.0.1:1234, or %lms host auto",
            )


VERBS = (
    Verb(
        name="host",
        summary="show the host, use another, list all, start and stop the engine, wake LM Studio",
        build=_host,
        words=(
            Argument(
                dest="what",
                metavar="WHAT",
                help="list, start, stop, wake, use, or an address (auto: look for one)",
                many="optional",
                completes="host",
            ),
            Argument(
                dest="address",
                metavar="ADDRESS",
                help="host:port",
                many="optional",
                completes="host",
            ),
        ),
        examples=("%lms host", "%lms host list", "%lms host wake", "%lms host 192.168.1.5:1234"),
    ),
    Verb(
        name="server",
        summary="start, stop or show LM Studio's HTTP server",
        build=lambda a: ServerLine(what=a.what, port=a.port, cors=a.cors, as_json=a.as_json),
        words=(
            Argument(
                dest="what",
                metavar="WHAT",
                help="start, stop or status",
                choices=("start", "stop", "status"),
            ),
        ),
        flags=(
            Flag(
                names=("-p", "--port"),
                help="where it listens",
                metavar="PORT",
                read=whole(1, HIGHEST_PORT),
            ),
            Flag(names=("--cors",), help="let web pages of other origins in", default=False),
            Flag(names=("--json",), help="print JSON", dest="as_json", default=False),
        ),
    ),
    Verb(
        name="doctor",
        summary="examine host, versions, extensions, ports, engine, disk and memory",
        build=lambda a: ShowDoctor(as_json=a.as_json),
        flags=(Flag(names=("--json",), help="print JSON", dest="as_json", default=False),),
    ),
)
