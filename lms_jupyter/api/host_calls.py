"""The verbs about hosts and answers as Python functions; `lms_jupyter.aio` has async twins.

`%lms server` and `%lms doctor` are `serve` and `examine` here: `server` and `doctor` are packages.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Unpack, overload

from lms_jupyter.api import deleting
from lms_jupyter.api import host_verbs as verbs
from lms_jupyter.api.answers import Answer
from lms_jupyter.api.argument_types import checked
from lms_jupyter.api.host_verbs import (
    HostWord,
    LinkWord,
    LogSource,
    RuntimeWord,
    SamplingOptions,
)
from lms_jupyter.api.session import session
from lms_jupyter.api.settings import DEFAULT_TTL_S, read_profile
from lms_jupyter.api.tables import Table
from lms_jupyter.api.usage import DAYS, UsageBy
from lms_jupyter.api.usage import usage as read_usage
from lms_jupyter.hosts.base import LogEntry
from lms_jupyter.preset_files import Preset
from lms_jupyter.protocol.diary import DiaryLoad, DiarySum
from lms_jupyter.protocol.models import Instance

if TYPE_CHECKING:
    from lms_jupyter.hosts.deletion import Deleted
    from lms_jupyter.hosts.link_status import LinkStatus
    from lms_jupyter.hosts.runtimes import HostRuntime, RuntimeSurvey

__all__ = [
    "chat",
    "delete",
    "get",
    "host",
    "link",
    "log",
    "preset",
    "runtime",
    "serve",
    "status",
    "usage",
]


def status() -> Table[Instance]:
    """Return what is in memory, as a table that says which host is used and why.

    Example:
        >>> lms_jupyter.status()
    """
    here = session()
    return here.run(verbs.status(here.local.manager))


def chat(
    prompt: str,
    key: str | None = None,
    *,
    system: str | None = None,
    ttl: float | str | timedelta | None = DEFAULT_TTL_S,
    **sampling: Unpack[SamplingOptions],
) -> Answer:
    """Say one thing to a model; a conversation, or tools, is what its handle is for.

    Args:
        prompt: What to say.
        key: A key or an identifier; without it, what is in memory.
        system: The system prompt.
        ttl: If it has to be loaded: unload when idle for so long.
        **sampling: `temperature`, `max_tokens`, `top_k`, `top_p`, `min_p`, `typical_p`,
            `xtc_probability`, `xtc_threshold`, `repeat_penalty`, `presence_penalty`,
            `frequency_penalty`, `seed`, `log_probs`, `reasoning_budget`, `context_overflow`,
            `stop`, `json_schema`, `thinking`.

    Returns:
        The answer as text, with `stats`, `thoughts` and `model`.

    Raises:
        CommandError: None is named and none is in memory, or what is named cannot answer.

    Example:
        >>> lms_jupyter.chat("Why is the sky blue?", max_tokens=100)
    """
    here = session()
    return here.run(verbs.chat(here, verbs.messages_of(prompt, system), key, ttl, sampling))


def get(
    name: str, quantization: str | None = None, *, yes: bool = False, cancel: bool = False
) -> str:
    """Download a model and return its key; interrupting pauses it, calling again goes on.

    Args:
        name: Of what is offered, as `owner/name`, or words to search for.
        quantization: Of the file; by default the recommended one.
        yes: Take the best of several that the words fit.
        cancel: Call the download off instead, and remove what there is of it.

    Raises:
        ModelNotFoundError: Nothing is called like this.
        AmbiguousModelError: The words fit several.

    Example:
        >>> llm = lms_jupyter.load(lms_jupyter.get("qwen3-4b"))
    """
    here = session()
    return here.run(verbs.get(here.local.manager, name, quantization, yes=yes, cancel=cancel))


def delete(key: str, *, permanently: bool = False) -> "Deleted":
    """Delete a model from the host's disk: to the bin of its machine, where it has one.

    Args:
        key: A key, a variant or a path, to the letter.
        permanently: Not to the bin; it is gone at once, and the space free.

    Returns:
        What has been deleted, and where it lies now.

    Raises:
        ModelNotFoundError: Nothing is called so.
        HostError: It is in memory, something is made of it, or the disk does not allow it.
        CommandError: The host deletes no model for others, as LM Studio does not.

    Example:
        >>> lms_jupyter.delete("qwen3-4b@q8_0")
    """
    here = session()
    return here.run(deleting.delete(key, here.local.manager, permanently=permanently))


@overload
def host(what: Literal["list"]) -> tuple[str, ...]: ...  # type: ignore[overload-overlap]
@overload
def host(what: HostWord | str | None = None) -> str: ...
def host(what: HostWord | str | None = None) -> str | tuple[str, ...]:
    """Return the address of the host, after going to another one if asked to.

    Args:
        what: An address, or a name that it was given; "auto" looks for one as at the beginning,
            "start" and "stop" are about the embedded engine, "wake" starts LM Studio; "list"
            returns all that answer here, and those that have a name.

    Returns:
        The address that is used now; empty after "stop".

    Raises:
        HostUnreachableError: Nothing that is a host answers there; the one in use stays.

    Example:
        >>> lms_jupyter.host("127.0.0.1:1234")
    """
    local = session().local
    if what == "list":
        return local.finish(verbs.known_hosts(local.manager.activity.host.address))
    if what is not None:
        return local.finish(verbs.go_to_host(local.manager, what))
    local.connect()
    return local.manager.activity.host.address


def serve(what: Literal["start", "stop"], *, port: int | None = None, cors: bool = False) -> None:
    """Start or stop LM Studio's HTTP server (`%lms server`).

    Args:
        what: "start" or "stop".
        port: Where it is to listen; by default where it did the last time.
        cors: Whether pages of other origins may ask it.

    Raises:
        CommandError: The host has no server that could be switched.

    Example:
        >>> lms_jupyter.serve("start", port=1234)
    """
    here = session()
    here.run(verbs.serve(here.local.manager.connected_host, what, port=port, cors=cors))


def link(what: LinkWord = "status", name: str = "") -> "LinkStatus":
    """Return how the host stands on LM Link, after changing what is asked for.

    Args:
        what: "status", "enable", "disable", "set-device-name" or "set-preferred-device".
        name: Of the device, for the last two.

    Raises:
        CommandError: The host has no link, or there is no such device.

    Example:
        >>> [device.name for device in lms_jupyter.link().devices]
    """
    here = session()
    answer: LinkStatus = here.run(verbs.link(here.local.manager.connected_host, what, name))
    return answer


@overload
def runtime(what: Literal["ls"] = "ls") -> "tuple[HostRuntime, ...]": ...
@overload
def runtime(what: Literal["select"], name: str, *, latest: bool = False) -> "HostRuntime": ...
@overload
def runtime(what: Literal["survey"]) -> "tuple[RuntimeSurvey, ...]": ...
def runtime(what: RuntimeWord = "ls", name: str = "", *, latest: bool = False) -> object:
    """List the builds of llama.cpp, select one for new loads, or survey the hardware.

    Args:
        what: "ls", "select" or "survey".
        name: Of the build to select, as `name` or `name@version`.
        latest: Take the newest of several of this name.

    Raises:
        CommandError: No build is called so, or several are.

    Example:
        >>> lms_jupyter.runtime("select", "llama-cpp-cuda", latest=True)
    """
    here = session()
    return here.run(verbs.runtime(here.local.manager.connected_host, what, name, latest=latest))


def preset(name: str | None = None, *, profile: str | None = None) -> tuple[Preset, ...] | Preset:
    """List LM Studio's presets, return one, or write a profile as one.

    Args:
        name: Of the preset; without it, all.
        profile: A profile beside the notebook that becomes this preset.

    Raises:
        CommandError: There is no such preset or profile.

    Example:
        >>> lms_jupyter.preset("Creative")
    """
    from lms_jupyter.hosts import presets  # noqa: PLC0415 - brings the SDK

    if name is None:
        return tuple(presets.presets().presets)
    if profile is None:
        return presets.find_preset(name)
    return presets.save_preset(name, read_profile(profile, session().folder).config)


def log(last: int = 50, *, source: LogSource = "model", seconds: float = 0.0) -> Table[LogEntry]:
    """Return what the host has logged, and what it logs in the seconds that follow.

    Args:
        last: How many entries of before, from a host that keeps its log.
        source: "model", "server" or "runtime".
        seconds: How long to listen.

    Example:
        >>> pandas.DataFrame(lms_jupyter.log(last=100, source="server"))
    """
    here = session()
    return here.run(verbs.log(here.local.manager.connected_host, last, source, seconds))


def usage(by: UsageBy | None = None, *, days: float = DAYS) -> Table[DiaryLoad] | Table[DiarySum]:
    """Return what was in memory, when, for whom, and what it was asked.

    Args:
        by: "notebook", "model" or "day": add up. Without it, each load is a row.
        days: How far to look back.

    Example:
        >>> pandas.DataFrame(lms_jupyter.usage("day"))
    """
    here = session()
    return here.run(read_usage(here.local.manager.diary, by, days))


for _verb in __all__:
    globals()[_verb] = checked(globals()[_verb])
