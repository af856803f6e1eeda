"""What is known of one setting, once: for its flags, the form, files, completion and reference."""

from typing import Literal, TypedDict

from msgspec import Struct

SettingKind = Literal[
    "switch", "whole", "number", "ratio", "choice", "text", "lines", "wholes", "numbers"
]
"""On or off; a number; `off`, `max` or 0 to 1; one of some words; a text of one line or of several;
several numbers."""


class Setting(Struct, frozen=True, kw_only=True):
    """One setting of a load or of a prediction."""

    name: str
    """Its field in `LoadConfig` or `Sampling`, and its name as a keyword and in TOML files."""
    kind: SettingKind
    flags: tuple[str, ...]
    """As the magics call it; a switch has a second form, with `no`, besides."""
    about: str
    """What it is, in the help of the magics: no sentence."""
    label: str = ""
    """What the form calls it."""
    help: str = ""
    """What it does, in the form: a line."""
    metavar: str = ""
    low: float | None = None
    high: float | None = None
    most: float = 1
    """Where the form ends, if the host has no bound."""
    step: float = 1
    options: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    """Other names as keywords and in files."""
    llm: str | None = None
    """LM Studio's key for it, for LLMs."""
    embedding: str | None = None
    """The same for embedding models; `None`: they have no such setting."""
    checkbox: bool = False
    """Whether LM Studio wants `{"checked": true, "value": …}`."""
    needs: Literal["", "gpu", "experts"] = ""
    """What means nothing without it."""
    above: bool = False
    """Whether the form has a place of its own for it, above the fold."""
    group: Literal["memory", "speed", "answers", "expert"] = "memory"
    """Under which heading the form has it."""
    usual: bool | int | str | None = None
    """What the embedded engine takes where nothing is said, if that is the same for every model."""
    studio: bool = False
    """Whether LM Studio alone knows it, and the embedded engine does not."""
    completes: Literal["", "key", "template"] = ""
    every_format: bool = False
    """Whether it is for all files, although its key names one runtime."""

    @property
    def format(self) -> Literal["", "gguf", "mlx"]:
        """Which files alone it is for."""
        if self.every_format:
            return ""
        keys = f"{self.llm} {self.embedding}"
        return "mlx" if ".mlx" in keys else "gguf" if ".llama" in keys else ""


class Keys(TypedDict):
    """LM Studio's keys of a setting that both kinds of model have."""

    llm: str
    embedding: str


def both(name: str) -> Keys:
    """Return LM Studio's keys for both kinds of model."""
    return {"llm": f"llm.load.{name}", "embedding": f"embedding.load.{name}"}
