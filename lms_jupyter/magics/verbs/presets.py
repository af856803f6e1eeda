"""The verb about LM Studio's presets: `preset`, and the flag that uses one."""

import argparse
from typing import Literal

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb

Subject = Literal["ls", "show", "save"]
SUBJECTS: tuple[Subject, ...] = ("ls", "show", "save")

PRESET = Flag(
    names=("--preset",),
    help="a preset of LM Studio's; what the line says itself wins",
    metavar="NAME",
    completes="preset",
)


class PresetLine(Struct, frozen=True, kw_only=True):
    """`%lms preset`: what LM Studio samples and loads with, under a name."""

    what: Subject
    name: str = ""
    profile: str = ""
    as_json: bool = False


def _preset(a: argparse.Namespace) -> PresetLine:
    if (a.what == "ls") != (a.name is None):
        raise CommandError(
            "%lms preset: show and save take the name of a preset, ls takes none.",
            hint="`%lms preset ls` lists the names.",
        )
    if (a.what == "save") != (a.profile is not None):
        raise CommandError(
            "%lms preset: save takes a profile, ls and show take none.",
            hint="For example: %lms preset save NAME --profile fast",
        )
    return PresetLine(what=a.what, name=a.name or "", profile=a.profile or "", as_json=a.as_json)


VERBS = (
    Verb(
        name="preset",
        summary="list and show LM Studio's presets, or write one from a profile",
        build=_preset,
        words=(
            Argument(dest="what", metavar="WHAT", help=", ".join(SUBJECTS), choices=SUBJECTS),
            Argument(
                dest="name",
                metavar="NAME",
                help="of a preset",
                many="optional",
                completes="preset",
            ),
        ),
        flags=(
            Flag(
                names=("--profile",),
                help="the table of lms_profiles.toml to write as a preset",
                metavar="PROFILE",
                completes="profile",
            ),
            Flag(names=("--json",), help="print JSON", dest="as_json", default=False),
        ),
        examples=("%lms preset ls", "%lms preset save quick --profile fast"),
    ),
)
