"""Verbs about the host: `host`, `server`, `get`."""

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


class GetModel(Struct, frozen=True, kw_only=True):
    """`%lms get`: download a model."""

    name: str
    quantization: str | None = None
    yes: bool = False
    cancel: bool = False
    """Call it off and remove what there is of it."""


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


def _get(a: argparse.Namespace) -> GetModel:
    name, *labels = a.name.split("@")
    if len(labels) > 1 or not name:
        raise CommandError(
            f"%lms get: {a.name!r} has more than one @, or nothing before it.",
            hint="Write owner/name@quantization, for example qwen/qwen3-4b@q4_k_m.",
        )
    name = name.removeprefix("https://huggingface.co/").removeprefix("https://lmstudio.ai/models/")
    return GetModel(
        name=name.strip("/"),
        quantization=labels[0] if labels else None,
        yes=a.yes,
        cancel=a.cancel,
    )


VERBS = (
    Verb(
        name="get",
        summary="download a model to the host's disk; interrupting pauses it, again resumes it",
        build=_get,
        words=(
            Argument(dest="name", metavar="NAME", help="owner/name, owner/name@quant, or words"),
        ),
        flags=(
            Flag(names=("-y", "--yes"), help="take the first of several", default=False),
            Flag(
                names=("--cancel",),
                help="call the download off, and remove what there is of it",
                default=False,
            ),
        ),
        examples=("%lms get qwen/qwen3-4b@q4_k_m", "%lms get qwen/qwen3-4b@q4_k_m --cancel"),
    ),
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
