"""What the engine and a worker say to each other, one line of JSON each: both ends read it here.

Without msgspec, whose import would cost every worker two megabytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias, TypeVar

from lms_jupyter.engine.worker.load_settings import LoadSettings

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """On which devices the parts of a model lie, in llama.cpp's terms."""

    gpu_layers: int = 0
    devices: tuple[str, ...] = ()
    """The GPUs to use, by llama.cpp's names ("CUDA0"), in this order; empty: all that there are."""
    tensor_split: tuple[float, ...] = ()
    """How much each of `devices` gets, in any unit; empty leaves that to llama.cpp."""
    cpu_expert_layers: int = 0
    """In how many layers the experts stay in main memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is to load, and the key that its server wants from then on."""

    identifier: str
    api_key: str
    file: str
    mmproj: str | None
    draft_file: str | None
    size_bytes: int
    embedding: bool
    placement: Placement
    settings: LoadSettings
    overrides: tuple[str, ...] = ()
    """What of the file's metadata is to be replaced, as llama.cpp reads it: `name=int:2`."""
    slot_save_path: str = ""
    """The folder for saved slots, with a separator at its end; empty: none are saved."""
    flags: tuple[str, ...] = ()
    """What the program knows that is to carry it out; none for xllamacpp."""


@dataclass(frozen=True, slots=True)
class Warm:
    """The worker has imported llama.cpp, and waits for its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The model is loaded, and llama.cpp's server answers."""

    address: str
    gpu: bool
    refused: tuple[str, ...]
    """Parameters that this llama.cpp does not have, and that were left out."""


Report: TypeAlias = Warm | Serving
_REPORTS: Mapping[str, type[Report]] = {"warm": Warm, "serving": Serving}


def write_order(order: Order) -> bytes:
    """Return the line that a worker reads."""
    # Paths that are no UTF-8 pass only in Python's own JSON.
    return json.dumps(asdict(order)).encode() + b"\n"


def read_order(line: str | bytes) -> Order:
    """Read that line.

    Raises:
        ValueError: It is no order, or one with a field too few or too many.
    """
    plain = _object(json.loads(line))
    for name, kind in (("settings", LoadSettings), ("placement", Placement)):
        if name in plain:
            plain[name] = _made(kind, _object(plain[name]))
    return _made(Order, plain)


def write_report(report: Report) -> str:
    """Return the line that the engine reads."""
    return json.dumps({"kind": type(report).__name__.lower(), **asdict(report)}) + "\n"


def read_report(line: str | bytes) -> Report:
    """Read that line.

    Raises:
        LookupError: No report is called this.
        ValueError: It is no report, or one with a field too few or too many.
    """
    plain = _object(json.loads(line))
    return _made(_REPORTS[plain.pop("kind")], plain)


def _object(plain: Any) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise ValueError(f"An object is expected, not {plain!r:.100}.")  # noqa: TRY004 - as above
    return plain


def _made(kind: type[_T], values: Mapping[str, Any]) -> _T:
    """Make a dataclass of all its fields: a default is nothing that the other end has said."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    for what, odd in (("lacks", names - set(values)), ("has an unknown", set(values) - names)):
        if odd:
            raise ValueError(f"{kind.__name__} {what} field {min(odd)!r}.")
    return kind(**{name: _frozen(value) for name, value in values.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
