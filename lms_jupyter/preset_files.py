"""LM Studio's presets as files: what to sample with, what to load with, under a name.

They lie as `NAME.preset.json` in `config-presets` of LM Studio's own folder, and as `preset.json`
below `hub/presets/OWNER/NAME` where they came from its hub. The engine and the rest both read
them; it imports neither.
"""

import json
import re
import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lms_jupyter.model_folders import studio_home

FOLDER = "config-presets"
SUFFIX = ".preset.json"
MAX_BYTES = 4 * 2**20
SYSTEM_PROMPT = "llm.prediction.systemPrompt"
_LOCAL = "@local:"
_VERSIONS = ("version", "schemaVersion", "formatVersion")
_NO_NAME = re.compile(r"[^\w.-]+")

Fields = tuple[tuple[str, Any], ...]
"""LM Studio's keys with their values, in the order of the file."""


class PresetError(ValueError):
    """A preset that is not there, or that cannot be read; one sentence, and what may help."""

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A preset as its file has it."""

    identifier: str
    """As LM Studio calls it: `@local:name`, or `owner/name` of its hub."""
    name: str
    path: Path
    operation: Fields = ()
    """How to predict."""
    load: Fields = ()
    """How to load."""

    @property
    def system_prompt(self) -> str | None:
        """The system prompt, if it brings one."""
        prompt = dict(self.operation).get(SYSTEM_PROMPT)
        return prompt if isinstance(prompt, str) and prompt else None

    def answers_to(self, name: str) -> bool:
        """Whether a name means this preset, in any case of letters."""
        bare = self.identifier.removeprefix(_LOCAL)
        known = {self.identifier, bare, self.name, self.path.name.removesuffix(SUFFIX)}
        return name.strip().casefold() in {known_name.casefold() for known_name in known}


@dataclass(frozen=True, slots=True)
class PresetShelf:
    """All presets of a folder, and why some of its files are none."""

    presets: tuple[Preset, ...] = ()
    refused: Mapping[Path, str] = field(default_factory=dict)

    def find(self, name: str) -> Preset:
        """Return the preset of this name.

        Raises:
            PresetError: There is none, its file cannot be read, or several have the name.
        """
        found = [preset for preset in self.presets if preset.answers_to(name)]
        if len(found) > 1:
            names = ", ".join(preset.identifier for preset in found)
            raise PresetError(f"{name!r} is the name of several presets: {names}.")
        if found:
            return found[0]
        wanted = name.strip().casefold()
        for path, reason in self.refused.items():
            if wanted in {path.name.removesuffix(SUFFIX).casefold(), path.parent.name.casefold()}:
                raise PresetError(reason)
        known = ", ".join(preset.name for preset in self.presets[:10])
        raise PresetError(
            f"LM Studio has no preset {name!r} on this machine.",
            f"There are: {known}." if known else f"They lie in {preset_folder() or FOLDER}.",
        )


def preset_folder() -> Path | None:
    """Return where LM Studio keeps its own presets, whether or not it is there."""
    home = studio_home()
    return None if home is None else home / FOLDER


def read_presets(home: Path | None = None) -> PresetShelf:
    """Read all presets of this machine, in the order of their names.

    Args:
        home: LM Studio's own folder; where it lies by its own rules unless it is given.
    """
    home = home or studio_home()
    presets: list[Preset] = []
    refused: dict[Path, str] = {}
    for path in () if home is None else _files(home):
        try:
            presets.append(read_preset(path))
        except PresetError as error:
            refused[path] = error.title
    return PresetShelf(tuple(sorted(presets, key=lambda preset: preset.name.casefold())), refused)


def read_preset(path: Path) -> Preset:
    """Read one file.

    Raises:
        PresetError: It is no preset, or one of a form that is not known.
    """
    content = _content(path)
    newer = next((name for name in _VERSIONS if content.get(name, 1) not in (1, "1")), None)
    if newer is not None:
        raise PresetError(
            f"The preset {path} is of the {newer} {content[newer]!r:.40}, which is newer than what "
            "this version reads."
        )
    if "operation" not in content and "load" not in content:
        old = {"inference_params", "load_params"} & content.keys()
        reason = (
            "is of LM Studio 0.2, which today's turns into a newer one when it imports it"
            if old
            else "has neither 'operation' nor 'load'"
        )
        raise PresetError(f"The preset {path} {reason}.")
    stem = path.name.removesuffix(SUFFIX)
    of_hub = f"{path.parent.parent.name}/{path.parent.name}"
    own = of_hub if path.name == "preset.json" else f"{_LOCAL}{stem}"
    identifier = content.get("identifier")
    name = content.get("name")
    return Preset(
        identifier=identifier if isinstance(identifier, str) and identifier else own,
        name=name if isinstance(name, str) and name else own.removeprefix(_LOCAL),
        path=path,
        operation=_fields(content, "operation", path),
        load=_fields(content, "load", path),
    )


def write_preset(
    name: str, operation: Iterable[tuple[str, Any]], load: Iterable[tuple[str, Any]]
) -> Path:
    """Write a preset that LM Studio shows among its own; one of the same file is replaced.

    Raises:
        PresetError: The name makes no file, or the file cannot be written.
    """
    folder = preset_folder()
    slug = _NO_NAME.sub("-", name.strip().casefold()).strip("-.")
    if folder is None or not slug:
        raise PresetError(f"{name!r} cannot be the name of a preset: it has no letter or digit.")
    content = {
        "identifier": f"{_LOCAL}{slug}",
        "name": name.strip(),
        "changed": False,
        "operation": {"fields": _written(operation)},
        "load": {"fields": _written(load)},
    }
    path = folder / f"{slug}{SUFFIX}"
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            new.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise PresetError(
            f"The preset {name!r} cannot be written to {folder}: {reason}."
        ) from error
    return path


def _written(fields: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in fields]


def _files(home: Path) -> Iterator[Path]:
    """Find the files; folders that cannot be looked at have none."""
    try:
        yield from sorted((home / FOLDER).glob(f"*{SUFFIX}"))
        yield from sorted((home / "hub" / "presets").glob("*/*/preset.json"))
    except OSError:
        return


def _content(path: Path) -> dict[str, Any]:
    try:
        # A pipe of this name would keep us waiting.
        if not stat.S_ISREG(path.stat().st_mode):
            raise PresetError(f"The preset {path} is no file.")
        with path.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise PresetError(
            f"The preset {path} cannot be read: {error.strerror or error}."
        ) from error
    if len(text) > MAX_BYTES:
        raise PresetError(f"The preset {path} is larger than {MAX_BYTES // 2**20} MiB.")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).rstrip(".")
        raise PresetError(f"The preset {path} is no JSON: {reason}.") from error
    if not isinstance(content, dict):
        raise PresetError(f"The preset {path} is no JSON object.")
    return content


def _fields(content: Mapping[str, Any], part: str, path: Path) -> Fields:
    """Read LM Studio's list of keys and values."""
    config = content.get(part) or {"fields": []}
    fields = config.get("fields") if isinstance(config, Mapping) else None
    if not isinstance(fields, list):
        raise PresetError(f"The preset {path} has no list of fields in {part!r}.")
    for entry in fields:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("key"), str):
            raise PresetError(f"The preset {path} has a field without a key in {part!r}.")
    return tuple((entry["key"], entry.get("value")) for entry in fields)
