"""What a download would fetch, before it begins: a repository's files, and which are chosen. Pure.

The plans that clients are shown have nodes: the repository under the name that it was asked for,
if it was asked for as an artifact of a hub, and below it the model with all that can be chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from lms_jupyter.engine.downloads.hub import DownloadOption
from lms_jupyter.engine.errors import BadRequestError

State = Literal["pending", "fetching", "satisfied", "completed"]
Availability = Literal["notDownloaded", "downloading", "downloaded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What somebody would rather have: a file, or a quantisation."""

    kind: Literal["fileName", "quantName"]
    name: str

    def fits(self, option: DownloadOption) -> bool:
        """Whether an option is what is preferred."""
        wanted = self.name.casefold()
        if self.kind == "quantName":
            return wanted in {option.label, (option.quantization or "").casefold()}
        paths = [PurePosixPath(file.path.casefold()) for file in option.files]
        return any(wanted in {str(path), path.name} for path in paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a plan, and how much of it there is."""

    option: DownloadOption
    availability: Availability = "notDownloaded"
    model_key: str = ""
    """Of what is downloaded."""
    job_id: str = ""
    """Of the job that fetches it."""
    fits: str = "fitWithoutGPU"


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPlan:
    """A plan as far as it has come; `selected` is the place of a choice, `None` for what is there.

    Raises:
        BadRequestError: There is nothing at this place.
    """

    artifact: tuple[str, str] | None = None
    """Owner and name, if it was asked for as an artifact."""
    label: str = ""
    choices: tuple[Choice, ...] = ()
    selected: int | None = None
    version: int = 0

    @property
    def is_resolved(self) -> bool:
        """Whether it is known what can be chosen."""
        return bool(self.choices)

    @property
    def owned(self) -> Choice | None:
        """What is downloaded already: the recommended option before others."""
        there = [choice for choice in self.choices if choice.availability == "downloaded"]
        return min(there, key=lambda choice: not choice.option.recommended, default=None)

    @property
    def chosen(self) -> Choice | None:
        """What is to be fetched; `None` if nothing needs to be."""
        choice = None if self.selected is None else self.choices[self.selected]
        return choice if choice and choice.availability != "downloaded" else None

    @property
    def size_bytes(self) -> int:
        """How much is to be fetched."""
        return self.chosen.option.size_bytes if self.chosen else 0

    def check(self, selected: int | None) -> None:
        """Refuse a choice that there is not."""
        if selected is None and self.owned is None:
            raise BadRequestError("Nothing of this model is downloaded yet: an option is needed.")
        if selected is not None and not 0 <= selected < len(self.choices):
            raise BadRequestError(
                f"There is no download option {selected}.",
                hint=f"There are {len(self.choices)}, from 0 on.",
            )


def select(choices: Sequence[Choice], preferences: Sequence[Preference]) -> int | None:
    """Choose: what is preferred, else what is there (`None`), else what is recommended."""
    for preference in preferences:
        for place, choice in enumerate(choices):
            if preference.fits(choice.option):
                return place
    if any(choice.availability == "downloaded" for choice in choices):
        return None
    return next(place for place, choice in enumerate(choices) if choice.option.recommended)


def preferences(asked: Mapping[str, Any]) -> tuple[Preference, ...]:
    """Read what is preferred, in this order."""
    preferences = asked.get("resolutionPreference") or []
    if not isinstance(preferences, list):
        raise BadRequestError("'resolutionPreference' has to be a list.")
    read: list[Preference] = []
    for preference in preferences:
        match preference:
            case {"type": "fileName", "fileName": str(name)}:
                read.append(Preference(kind="fileName", name=name))
            case {"type": "quantName", "quantName": str(name)}:
                read.append(Preference(kind="quantName", name=name))
            case _:
                raise BadRequestError(
                    f"A preference is a 'fileName' or a 'quantName', not {preference!r:.100}."
                )
    return tuple(read)
