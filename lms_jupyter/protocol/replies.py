"""How a command is answered: taken or refused, at once. What became of it is seen in the slices."""

from msgspec import Struct

from lms_jupyter.protocol.diary import DiaryLoad, DiaryRequest, SettingOrigin
from lms_jupyter.protocol.models import (
    Downloadable,
    Estimate,
    HostChoice,
    PresetLoad,
    Problem,
    Profile,
)


class Accepted(Struct, frozen=True, kw_only=True, tag="accepted", tag_field="kind"):
    """The command was taken."""

    now: float
    """The host's clock, so that a front end that has just opened counts down from the truth."""


class Refused(Struct, frozen=True, kw_only=True, tag="refused", tag_field="kind"):
    """The command was not taken, and nothing was attempted."""

    problem: Problem

    @classmethod
    def because(cls, code: str, title: str, hint: str = "") -> "Refused":
        """Return a refusal that nobody keeps: it is shown where the click was."""
        return cls(problem=Problem(code=code, title=title, hint=hint))


class Estimated(Struct, frozen=True, kw_only=True, tag="estimated", tag_field="kind"):
    """The answer to `EstimateLoad`: a question is done when it is answered."""

    estimate: Estimate
    evicts: tuple[str, ...] = ()
    """What the host would unload first, if a request that names the model made it load it."""
    makes_room: tuple[str, ...] = ()
    """What would have to be unloaded for it to fit, the longest idle first; empty if it fits."""
    context_length: int | None = None
    """The context that was found, if one that fits was asked for."""


class Found(Struct, frozen=True, kw_only=True, tag="found", tag_field="kind"):
    """The answer to `FindDownloads`: the files of one name, or the names that the words fit."""

    names: tuple[str, ...] = ()
    offers: tuple[Downloadable, ...] = ()


class IdleGpuNote(Struct, frozen=True, kw_only=True):
    """A GPU that the host's llama.cpp does not use."""

    says: str
    advice: str
    """What to do: one command."""


class Hosts(Struct, frozen=True, kw_only=True, tag="hosts", tag_field="kind"):
    """The answer to `ListHosts`."""

    hosts: tuple[HostChoice, ...]
    idle_gpu: IdleGpuNote | None = None
    """Of this machine, where the host that is used is an engine here and computes without it."""


class Profiles(Struct, frozen=True, kw_only=True, tag="profiles", tag_field="kind"):
    """The answer to `ListProfiles`."""

    profiles: tuple[Profile, ...] | None
    """`None`: there is no place for profiles here."""
    presets: tuple[PresetLoad, ...] = ()
    """What of LM Studio's own presets says something of a load."""


class Diary(Struct, frozen=True, kw_only=True, tag="diary", tag_field="kind"):
    """The answer to `ReadDiary`."""

    loads: tuple[DiaryLoad, ...] = ()
    """Newest first."""
    requests: tuple[DiaryRequest, ...] = ()
    """Of the instance that was named, newest first."""
    settings: tuple[SettingOrigin, ...] = ()
    """Of the same."""


Reply = Accepted | Refused | Estimated | Found | Hosts | Profiles | Diary
