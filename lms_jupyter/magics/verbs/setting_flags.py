"""From the table of settings to the flags of the magics."""

from collections.abc import Callable, Iterable
from typing import Any

from lms_jupyter.magics.grammar import Flag, number, offload, several, whole
from lms_jupyter.protocol.setting import Setting


def flags_of(settings: Iterable[Setting]) -> tuple[Flag, ...]:
    """Declare the flags of these settings, in their order."""
    return tuple(flag for setting in settings for flag in _flags(setting))


def template_key(setting: Setting) -> str:
    """Name the flag that takes a file whose text is the setting."""
    return f"{setting.name}_file"


def reader(setting: Setting) -> Callable[[str], Any]:
    """Return what reads one value of a setting from a word."""
    low = float("-inf") if setting.low is None else setting.low
    high = float("inf") if setting.high is None else setting.high
    readers: dict[str, Callable[[str], Any]] = {
        "whole": whole(low, high),
        "wholes": several(whole(low, high)),
        "number": number(low, high),
        "numbers": several(number(low, high)),
        "ratio": offload,
    }
    return readers.get(setting.kind, str)


def _flags(setting: Setting) -> tuple[Flag, ...]:
    if setting.kind == "switch":
        return _switch(setting)
    return (
        Flag(
            names=setting.flags,
            help=setting.about,
            metavar=setting.metavar,
            read=reader(setting),
            dest=template_key(setting) if setting.kind == "lines" else setting.name,
            choices=setting.options,
            completes=setting.completes,
        ),
    )


def _switch(setting: Setting) -> tuple[Flag, Flag]:
    """Declare a setting that is on, off, or the host's to decide."""
    (yes,) = setting.flags
    return (
        Flag(names=(yes,), help=setting.about, dest=setting.name),
        Flag(
            names=(f"--no-{yes[2:]}",),
            help=f"not: {setting.about}",
            dest=setting.name,
            value=False,
        ),
    )
