"""From the keywords of `load`, `ensure` and `model` to a wish."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from lms_jupyter.api.duration import parse_duration, parse_ttl
from lms_jupyter.api.session import Got, Session, Wish
from lms_jupyter.api.settings import (
    DEFAULT_TTL_S,
    Recipe,
    Settings,
    keywords,
    merged,
    read_file,
    read_profile,
    read_settings,
)
from lms_jupyter.manager.fit import say
from lms_jupyter.manager.loading import How
from lms_jupyter.protocol.models import LoadConfig

UNSAID = "1h"
"""The TTL of a load that does not name one, as the SDK has it."""


class Options(Settings, total=False):
    """What may be said about a load besides its key."""

    ttl: float | str | None
    """Seconds, or as people write it (`"5m"`); `None` is never."""
    identifier: str
    config: LoadConfig | Mapping[str, Any] | str | Path
    """Settings by name, or a TOML file of them."""
    profile: str
    """A table of `lms_profiles.toml` next to the notebook."""
    timeout: float | str
    device: str
    lease: bool
    heal: bool


def wish(session: Session, name: str, how: How, *, reload: bool, **said: Unpack[Options]) -> Wish:
    """Read the keywords of a load.

    Raises:
        CommandError: A keyword is unknown or its value makes no sense.
    """
    told: dict[str, Any] = dict(said)
    ttl = told.pop("ttl", UNSAID)
    timeout = told.pop("timeout", None)
    recipes = [_recipe(told.pop("config", None))]
    if "profile" in told:
        recipes.append(read_profile(told.pop("profile"), session.folder))
    shared = {
        key: told.pop(key) for key in ("identifier", "device", "lease", "heal") if key in told
    }
    named = next((recipe.ttl_s for recipe in recipes if recipe.names_ttl), DEFAULT_TTL_S)
    return Wish(
        name=name,
        how=how,
        reload=reload,
        ttl_s=named if ttl is UNSAID else read_ttl(ttl),
        config=merged(*(recipe.config for recipe in recipes), keywords(**told)),
        timeout_s=None if timeout is None else parse_duration(str(timeout)),
        **shared,
    )


def read_ttl(ttl: float | str | None) -> float | None:
    """Read a TTL in seconds, or as people write it."""
    return None if ttl is None else parse_ttl(ttl if isinstance(ttl, str) else f"{ttl:f}")


def warn_of_differences(got: Got) -> None:
    """Warn of what the host did not give as asked."""
    outcome = got.outcome
    if outcome.differences and outcome.how != "reloaded":
        warnings.warn(f"{outcome.instance.identifier}: {say(outcome.differences)}.", stacklevel=3)


def _recipe(config: object) -> Recipe:
    match config:
        case None:
            return Recipe()
        case LoadConfig():
            return Recipe(config=config)
        case str() | Path():
            return read_file(Path(config))
        case Mapping():
            return Recipe(config=read_settings({str(k): v for k, v in config.items()}, "config"))
        case _:
            return Recipe(config=read_settings({"config": config}))
