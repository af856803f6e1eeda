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
"""

import os
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace
from platformdirs import user_config_path

from lms_jupyter.errors import CommandError
from lms_jupyter.manager.duration import parse_ttl
from lms_jupyter.manager.keep_words import parse_keep
from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Model

VARIABLE = "LMS_JUPYTER_RULES"
MAX_BYTES = 65_536


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for the models that fit it."""

    model: str = "*"
    """A key, or a pattern of keys: `qwen/*`."""
    kind: Literal["llm", "embedding"] | None = None
    ttl: str | UnsetType = UNSET
    keep: str = ""
    pin: bool = False

    def fits(self, model: Model) -> bool:
        """Whether it is about a model."""
        keys = (model.model_key, model.model_key.partition("@")[0])
        is_named = any(fnmatchcase(key.lower(), self.model.lower()) for key in keys)
        return is_named and self.kind in (None, model.kind)


class Rules(Struct, frozen=True, kw_only=True):
    """All rules, in their order, and the file that they stand in."""

    rules: tuple[Rule, ...] = ()
    file: str = ""

    def completed(self, request: LoadRequest, model: Model) -> LoadRequest:
        """Return a request with what the first rule says that fits, where the request says nothing.

        Raises:
            CommandError: A rule names a time that has passed.
        """
        if not request.ttl_is_default or request.keep is not None:
            return request
        for number, rule in enumerate(self.rules, 1):
            if rule.fits(model):
                ttl_s = request.ttl_s if isinstance(rule.ttl, UnsetType) else parse_ttl(rule.ttl)
                keep = parse_keep(rule.keep) if rule.keep else None
                source = f"rule {number} of {Path(self.file).name}"
                return replace(request, ttl_s=ttl_s, keep=keep, pin=rule.pin, rule=source)
        return request


def rules_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where this user's rules stand."""
    named = environ.get(VARIABLE)
    return Path(named) if named else user_config_path("lms-jupyter") / "rules.toml"


def read_rules(file: Path | None = None) -> Rules:
    """Read the rules; there are none where there is no file.

    Raises:
        CommandError: They make no sense; the sentence names the file and the rule.
    """
    file = file or rules_path()
    try:
        with file.open("rb") as opened:
            content: dict[str, Any] = tomllib.loads(opened.read(MAX_BYTES).decode())
    except FileNotFoundError:
        return Rules()
    except (OSError, ValueError) as error:
        raise CommandError(f"The rules in {file} cannot be read: {error}.") from error
    return Rules(rules=_checked(content, file), file=str(file))


def _checked(content: Mapping[str, Any], file: Path) -> tuple[Rule, ...]:
    entries = content.get("rule", [])
    if set(content) - {"rule"} or not isinstance(entries, list):
        raise CommandError(
            f"{file} has {', '.join(sorted(content)) or 'nothing'} where rules are looked for.",
            hint="Each rule stands below [[rule]]: model, kind, ttl, keep, pin.",
        )
    rules = []
    for number, entry in enumerate(entries, 1):
        try:
            rule = msgspec.convert(entry, Rule)
            if not isinstance(rule.ttl, UnsetType):
                parse_ttl(rule.ttl)
            if rule.keep:
                parse_keep(rule.keep)
        except (msgspec.ValidationError, CommandError) as error:
            raise CommandError(f"Rule {number} of {file} cannot be used: {error}.") from error
        rules.append(rule)
    return tuple(rules)
