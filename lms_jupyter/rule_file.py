"""How long models stay whose load names no TTL: this user's own rules, in one file.

# rules.toml: of the rules that fit a model, the first counts
[[rule]]
kind = "embedding"
pin = true                  # embeddings stay

[[rule]]
model = "qwen/*"
keep = "while-open"         # as %lms load --keep; or until 18:00

[[rule]]
model = "*"
ttl = "20m"

The engine follows them for what it loads just in time, the rest for what a user loads.
"""

import os
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from platformdirs import user_config_path

from lms_jupyter.time_words import read_ttl, read_until

VARIABLE = "LMS_JUPYTER_RULES"
MAX_BYTES = 65_536


class RuleError(ValueError):
    """Rules that make no sense; one sentence, and what may help."""

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for the models that fit it."""

    model: str = "*"
    """A key, or a pattern of keys: `qwen/*`."""
    kind: Literal["llm", "embedding"] | None = None
    ttl: str | UnsetType = UNSET
    keep: str = ""
    pin: bool = False

    def fits(self, model_key: str, kind: str) -> bool:
        """Whether it is about a model."""
        keys = (model_key, model_key.partition("@")[0])
        is_named = any(fnmatchcase(key.lower(), self.model.lower()) for key in keys)
        return is_named and self.kind in (None, kind)


def rules_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where this user's rules stand."""
    named = environ.get(VARIABLE)
    return Path(named) if named else user_config_path("lms-jupyter") / "rules.toml"


def read_rule_file(file: Path) -> tuple[Rule, ...] | None:
    """Read the rules; `None` where there is no file.

    Raises:
        RuleError: They make no sense; the sentence names the file and the rule.
    """
    try:
        with file.open("rb") as opened:
            content: dict[str, Any] = tomllib.loads(opened.read(MAX_BYTES).decode())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RuleError(f"The rules in {file} cannot be read: {error}.") from error
    entries = content.get("rule", [])
    if set(content) - {"rule"} or not isinstance(entries, list):
        raise RuleError(
            f"{file} has {', '.join(sorted(content)) or 'nothing'} where rules are looked for.",
            "Each rule stands below [[rule]]: model, kind, ttl, keep, pin.",
        )
    return tuple(_checked(entry, number, file) for number, entry in enumerate(entries, 1))


def _checked(entry: object, number: int, file: Path) -> Rule:
    try:
        rule = msgspec.convert(entry, Rule)
        if not isinstance(rule.ttl, UnsetType):
            read_ttl(rule.ttl)
        if rule.keep:
            read_until(rule.keep)
    except ValueError as error:
        raise RuleError(f"Rule {number} of {file} cannot be used: {error}.") from error
    return rule
