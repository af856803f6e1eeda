"""The builds of llama.cpp of a host, which LM Studio calls runtimes."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import lmstudio
from msgspec import Struct

from lms_jupyter.errors import CommandError, HostTimeoutError
from lms_jupyter.hosts import sdk_private
from lms_jupyter.hosts.base import Host
from lms_jupyter.hosts.channel import Parameters
from lms_jupyter.hosts.newer import NEWER, NEWER_TIMEOUT_S
from lms_jupyter.hosts.reading import noun, reads, rows, table
from lms_jupyter.protocol.record import Record

SURVEY_TIMEOUT_S = 60.0
"""Drivers that are asked for the first time take their time."""


class HostRuntime(Record, Struct, frozen=True, kw_only=True):
    """One build that models of the host can run on."""

    name: str
    version: str
    formats: tuple[str, ...] = ()
    selected_for: tuple[str, ...] = ()
    """The formats of models that it is selected for."""

    @property
    def full_name(self) -> str:
        """What the CLI calls it: `name@version`."""
        return f"{self.name}@{self.version}"


class SurveyedGpu(Struct, frozen=True, kw_only=True):
    """A GPU as a build sees it."""

    name: str
    total_bytes: int = 0


class RuntimeSurvey(Struct, frozen=True, kw_only=True):
    """The machine as one build sees it."""

    name: str
    version: str
    gpus: tuple[SurveyedGpu, ...] = ()
    cpu: str = ""
    cpu_extensions: tuple[str, ...] = ()
    ram_bytes: int = 0
    vram_bytes: int = 0


async def ask(
    client: lmstudio.AsyncClient | None, endpoint: str, parameters: Mapping[str, Any] | None
) -> Any:
    """Make one call of the namespace, over a connection of its own.

    Raises:
        HostTimeoutError: The host does not know such calls, and is silent.
    """
    if client is None:
        raise lmstudio.LMStudioWebsocketError("not connected")
    patience_s = SURVEY_TIMEOUT_S if endpoint == "surveyHardware" else NEWER_TIMEOUT_S
    session = sdk_private.new_session(client, "runtime")
    try:
        async with asyncio.timeout(patience_s):
            await session.connect()
            call: Any = session.remote_call
            return await call(endpoint, None if parameters is None else Parameters(parameters))
    except TimeoutError:
        raise HostTimeoutError(
            f"This host does not answer when it is asked to {NEWER[endpoint]}.",
            hint="Use a newer LM Studio, or the embedded engine.",
        ) from None
    finally:
        await session.disconnect()


async def runtimes(host: Host) -> tuple[HostRuntime, ...]:
    """List the runtimes of a host, and what each is selected for."""
    found = await host.runtime("listEngines")
    return _listed(found, _selections(await host.runtime("getEngineSelections")))


async def select(host: Host, name: str, *, latest: bool = False) -> HostRuntime:
    """Let what is loaded from now on run on another build.

    Args:
        host: Whose it is.
        name: `name` or `name@version`.
        latest: Take the newest of several of this name.

    Raises:
        CommandError: None is called so, or several are.
    """
    known = await runtimes(host)
    fitting = [entry for entry in known if name in (entry.name, entry.full_name)]
    if not fitting:
        names = ", ".join(entry.full_name for entry in known) or "none"
        raise CommandError(f"No runtime is called {name!r}.", hint=f"There are: {names}.")
    if len(fitting) > 1 and not latest:
        names = ", ".join(entry.full_name for entry in fitting)
        raise CommandError(
            f"Several runtimes are called {name!r}.", hint=f"Say which, or --latest: {names}."
        )
    chosen = max(fitting, key=lambda entry: _numbers(entry.version))
    for model_format in chosen.formats:
        await host.runtime(
            "selectEngine",
            {
                "engine": {"name": chosen.name, "version": chosen.version},
                "modelFormatName": model_format,
            },
        )
    return chosen


async def survey(host: Host) -> tuple[Mapping[str, Any], tuple[RuntimeSurvey, ...]]:
    """Ask what the selected runtimes see of the machine; also as the host has said it."""
    answer = await host.runtime("surveyHardware", {"type": "selected"})
    return answer, _surveyed(answer)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


@reads("which runtimes are selected")
def _selections(raw: Any) -> Sequence[tuple[str, str, str]]:
    pairs = [(str(format_), table(entry)) for format_, entry in rows(table(raw)["json"])]
    return [(format_, entry["name"], entry["version"]) for format_, entry in pairs]


@reads("its runtimes")
def _listed(raw: Any, selections: Sequence[tuple[str, str, str]]) -> tuple[HostRuntime, ...]:
    return tuple(
        noun(
            {
                "name": entry["name"],
                "version": entry["version"],
                "formats": entry.get("supportedModelFormatNames", []),
                "selected_for": [
                    format_
                    for format_, *which in selections
                    if which == [entry["name"], entry["version"]]
                ],
            },
            HostRuntime,
        )
        for entry in map(table, rows(raw))
    )


@reads("its hardware")
def _surveyed(raw: Any) -> tuple[RuntimeSurvey, ...]:
    return tuple(_one_survey(table(entry)) for entry in rows(table(raw)["engines"]))


def _one_survey(entry: Mapping[str, Any]) -> RuntimeSurvey:
    hardware, memory = table(entry["hardwareSurvey"]), table(entry["memoryInfo"])
    cpu = table(table(hardware["cpuSurveyResult"]).get("cpuInfo", {}))
    gpus = map(table, rows(table(hardware["gpuSurveyResult"])["gpuInfo"]))
    return noun(
        {
            "name": entry["name"],
            "version": entry["version"],
            "gpus": [
                {"name": gpu["name"], "total_bytes": gpu.get("totalMemoryCapacityBytes", 0)}
                for gpu in gpus
            ],
            "cpu": cpu.get("architecture", ""),
            "cpu_extensions": cpu.get("supportedInstructionSetExtensions", []),
            "ram_bytes": memory.get("ramCapacity", 0),
            "vram_bytes": memory.get("vramCapacity", 0),
        },
        RuntimeSurvey,
    )
