"""From the keywords of `load`, `ensure` and `model` to a wish."""

import warnings
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Unpack

from lms_jupyter.api.duration import parse_duration, parse_ttl
from lms_jupyter.api.session import Got, Session, Wish
from lms_jupyter.api.settings import (
    DEFAULT_TTL_S,
    NOTHING,
    Recipe,
    Settings,
    gathered,
    keywords,
    read_recipe,
    read_settings,
)
from lms_jupyter.errors import CommandError
from lms_jupyter.manager.fit import say
from lms_jupyter.manager.loading import How
from lms_jupyter.protocol.models import LoadConfig


class Options(Settings, total=False):
    """What may be said about a load besides its key."""

    ttl: float | str | timedelta | None
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
    names_ttl = "ttl" in told
    ttl_s = read_ttl(told.pop("ttl", None))
    timeout, profile, config = (told.pop(key, None) for key in ("timeout", "profile", "config"))
    if profile is not None and not isinstance(profile, str):
        raise CommandError(f"{profile!r} is no name of a profile: give it as text.")
    shared = {
        key: told.pop(key) for key in ("identifier", "device", "lease", "heal") if key in told
    }
    recipe = gathered(
        session.folder,
        Recipe(config=keywords(**told), ttl_s=ttl_s, names_ttl=names_ttl),
        config=_config(config),
        profile=profile,
    )
    return Wish(
        name=name,
        how=how,
        reload=reload,
        ttl_s=recipe.ttl_s if recipe.names_ttl else DEFAULT_TTL_S,
        config=recipe.config,
        timeout_s=None if timeout is None else parse_duration(str(timeout)),
        **shared,
    )


def read_ttl(ttl: object) -> float | None:
    """Read a TTL in seconds, or as people write it.

    Raises:
        CommandError: It is neither.
    """
    match ttl:
        case None:
            return None
        case str():
            return parse_ttl(ttl)
        case int() | float() if not isinstance(ttl, bool):
            return parse_ttl(f"{ttl:f}")
        case timedelta():
            return parse_ttl(f"{ttl.total_seconds():f}")
        case _:
            raise CommandError(f"{ttl!r} is no TTL: give seconds, a text such as '5m', or None.")


def warn_of_differences(got: Got) -> None:
    """Warn of what the host did not give as asked."""
    outcome = got.outcome
    if outcome.differences and outcome.how != "reloaded":
        warnings.warn(f"{outcome.instance.identifier}: {say(outcome.differences)}.", stacklevel=3)


def _config(config: object) -> Path | Recipe:
    match config:
        case None:
            return NOTHING
        case LoadConfig():
            return Recipe(config=config)
        case str() | Path():
            return Path(config)
        case Mapping():
            return read_recipe({str(k): v for k, v in config.items()}, "config")
        case _:
            return Recipe(config=read_settings({"config": config}))
