"""Verbs about what the host does beside serving models: `server`, `doctor`."""

from typing import Literal

from msgspec import Struct

from lms_jupyter.magics.grammar import Argument, Flag, Verb, whole

HIGHEST_PORT = 65_535


class ServerLine(Struct, frozen=True, kw_only=True):
    """`%lms server`: LM Studio's HTTP server."""

    what: Literal["start", "stop", "status"]
    port: int | None = None
    cors: bool = False
    as_json: bool = False


class ShowDoctor(Struct, frozen=True, kw_only=True):
    """`%lms doctor`: what works here, and what to do about the rest."""

    as_json: bool = False


VERBS = (
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
