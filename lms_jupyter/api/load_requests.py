"""From the keywords of `load`, `ensure` and `model` to a load request."""

import warnings
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import NoneType
from typing import Any, Unpack

from msgspec import UNSET, Struct
from msgspec.structs import replace

from lms_jupyter.api.argument_types import check_type
from lms_jupyter.api.fits import fit_sentence
from lms_jupyter.api.settings import (
    DEFAULT_TTL_S,
    NOTHING,
    Recipe,
    Settings,
    checked_fit,
    gathered,
    keywords,
    read_recipe,
    read_settings,
)
from lms_jupyter.errors import CommandError
from lms_jupyter.manager.config_diff import describe
from lms_jupyter.manager.duration import parse_duration, parse_ttl
from lms_jupyter.manager.keep_words import HINT, parse_keep
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import Keep, LoadConfig

_TYPES: Mapping[str, tuple[type, ...]] = {"replicas": (int,), "lease": (bool,)}
"""Of what goes into a request as it is; the rest is text."""


class Options(Settings, total=False):
    """What may be said about a load besides its key."""

    ttl: float | str | timedelta | None
    """Seconds, or as people write it (`"5m"`); `None` is never."""
    identifier: str
    config: LoadConfig | Mapping[str, Any] | str | Path
    """Settings by name, or a TOML file of them."""
    profile: str
    """A table of `lms_profiles.toml` next to the notebook."""
    preset: str
    """A preset of LM Studio's, by its name."""
    timeout: float | str
    device: str
    where: str
    """What its device has to be like, on a gateway of a fleet: `vram>20GB,label=lab`."""
    replicas: int
    """On how many devices of the fleet, under one identifier."""
    lease: bool
    heal: bool
    keep: str
    """`while-open` or `until 18:00`: what keeps it instead of a TTL."""
    fit: str
    """`max`, `85%` or `leave=4GB`: the longest context that fits."""


class NotebookRequest(Struct, frozen=True, kw_only=True):
    """A load as a notebook asks for it: the name may be vague."""

    request: LoadRequest
    """Its `model_key` is what the user wrote."""
    first: bool = False
    """Take the best of several matches."""
    exact: bool = False
    """The name is a path, to the letter."""
    local: bool = False
    """Look at this host's own models only."""
    timeout_s: float | None = None
    heal: bool = True
    """Whether its handle loads the model again when it was unloaded meanwhile."""
    names_ttl: bool = True
    """Whether the TTL was named, and is not the default."""


def completed(asked: NotebookRequest, recipe: Recipe) -> NotebookRequest:
    """Return the request with the settings and the TTL of a recipe."""
    ttl_s = DEFAULT_TTL_S if recipe.ttl_s is UNSET else recipe.ttl_s
    fit = asked.request.fit or recipe.fit
    is_default = recipe.ttl_s is UNSET
    request = replace(
        asked.request,
        config=recipe.config,
        ttl_s=ttl_s,
        fit=fit,
        ttl_is_default=is_default,
        sources=recipe.sources,
    )
    return replace(asked, request=request, names_ttl=recipe.ttl_s is not UNSET)


def read_request(
    folder: Path, name: str, mode: LoadMode, *, reload: bool, **options: Unpack[Options]
) -> NotebookRequest:
    """Read the keywords of a load.

    Args:
        folder: Where the notebook lies: its profiles are there.
        name: What the user calls the model.
        mode: Which of the three ways to load.
        reload: Whether an instance with other settings may be loaded anew.
        **options: As the user gave them.

    Raises:
        CommandError: A keyword is unknown or its value makes no sense.
    """
    left: dict[str, Any] = dict(options)
    ttl_s = read_ttl(left.pop("ttl")) if "ttl" in left else UNSET
    timeout, profile, preset, config = (
        left.pop(key, None) for key in ("timeout", "profile", "preset", "config")
    )
    for kind, name_of in (("profile", profile), ("preset", preset)):
        if name_of is not None and not isinstance(name_of, str):
            raise CommandError(f"{name_of!r} is no name of a {kind}: give it as text.")
    heal = left.pop("heal", True)
    left_fit = left.pop("fit", None)
    keep = read_keep(left.pop("keep", None))
    named = ("identifier", "device", "where", *_TYPES)
    shared = {key: left.pop(key) for key in named if key in left}
    check_type("key", name, (str,))
    check_type("heal", heal, (bool,))
    for key, value in shared.items():
        check_type(key, value, _TYPES.get(key, (str, NoneType)))
    own = Recipe(config=keywords(**left), ttl_s=ttl_s, fit=checked_fit(left_fit, "a keyword"))
    recipe = gathered(folder, own, config=_config(config), preset=preset, profile=profile)
    asked = NotebookRequest(
        request=LoadRequest(model_key=name, mode=mode, reload=reload, keep=keep, **shared),
        timeout_s=None if timeout is None else parse_duration(str(timeout)),
        heal=heal,
    )
    return completed(asked, recipe)


def read_keep(keep: object) -> Keep | None:
    """Read what is to keep an instance.

    Raises:
        CommandError: It is nothing that could.
    """
    if keep is None:
        return None
    if not isinstance(keep, str):
        raise CommandError(f"{keep!r} is nothing that could keep an instance.", hint=HINT)
    return parse_keep(keep)


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
        case int() if not isinstance(ttl, bool):
            return parse_ttl(str(ttl))
        case float():
            return parse_ttl(f"{ttl:f}")
        case timedelta():
            return parse_ttl(f"{ttl.total_seconds():f}")
        case _:
            raise CommandError(f"{ttl!r} is no TTL: give seconds, a text such as '5m', or None.")


def warn_of_differences(result: LoadResult) -> None:
    """Warn of what the host did not give as asked."""
    if result.differences and result.how != "reloaded":
        warnings.warn(
            f"{result.instance.identifier}: {describe(result.differences)}.", stacklevel=3
        )
    if result.fitted is not None and result.fitted.is_kept is False:
        warnings.warn(fit_sentence(result.fitted), stacklevel=3)


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
