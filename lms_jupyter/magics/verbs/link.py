"""The verb about LM Link: `link`."""

import argparse
from typing import Literal

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb

Subject = Literal["status", "enable", "disable", "set-device-name", "set-preferred-device"]
SUBJECTS: tuple[Subject, ...] = (
    "status",
    "enable",
    "disable",
    "set-device-name",
    "set-preferred-device",
)
NAMED = ("set-device-name", "set-preferred-device")


class LinkLine(Struct, frozen=True, kw_only=True):
    """`%lms link`: the machines that share their models with this host."""

    what: Subject
    name: str = ""
    as_json: bool = False


def _link(a: argparse.Namespace) -> LinkLine:
    if (a.what in NAMED) != (a.name is not None):
        raise CommandError(
            f"%lms link: {' and '.join(NAMED)} take a name, the others take none.",
            hint="`%lms link status` names the devices.",
        )
    return LinkLine(what=a.what, name=a.name or "", as_json=a.as_json)


VERBS = (
    Verb(
        name="link",
        summary="show the devices of LM Link, switch it on or off, name or prefer a device",
        build=_link,
        words=(
            Argument(
                dest="what",
                metavar="WHAT",
                help=", ".join(SUBJECTS),
                choices=SUBJECTS,
            ),
            Argument(
                dest="name",
                metavar="NAME",
                help="the device's new name, or the name or identifier of the one to prefer",
                many="optional",
            ),
        ),
        flags=(Flag(names=("--json",), help="print JSON", dest="as_json", default=False),),
        examples=("%lms link status", "%lms link set-preferred-device gpu-box"),
    ),
)
