"""The verb about the builds of llama.cpp: `runtime`."""

import argparse
from typing import Literal

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb


class RuntimeLine(Struct, frozen=True, kw_only=True):
    """`%lms runtime`: the builds of llama.cpp, which one is selected, what they compute on."""

    what: Literal["ls", "select", "survey"]
    name: str = ""
    latest: bool = False
    as_json: bool = False


def _runtime(a: argparse.Namespace) -> RuntimeLine:
    if (a.what == "select") != (a.name is not None):
        raise CommandError(
            "%lms runtime: select takes the name of a runtime, ls and survey take none.",
            hint="`%lms runtime ls` names them.",
        )
    return RuntimeLine(what=a.what, name=a.name or "", latest=a.latest, as_json=a.as_json)


VERBS = (
    Verb(
        name="runtime",
        summary="list the builds of llama.cpp, select one for new loads, or survey the hardware",
        build=_runtime,
        words=(
            Argument(
                dest="what",
                metavar="WHAT",
                help="ls, select or survey",
                choices=("ls", "select", "survey"),
            ),
            Argument(
                dest="name",
                metavar="NAME",
                help="the runtime to select: name or name@version",
                many="optional",
            ),
        ),
        flags=(
            Flag(
                names=("--latest",),
                help="of several with this name, select the newest",
                default=False,
            ),
            Flag(names=("--json",), help="print JSON", dest="as_json", default=False),
        ),
        examples=("%lms runtime ls", "%lms runtime select llama-server", "%lms runtime survey"),
    ),
)
