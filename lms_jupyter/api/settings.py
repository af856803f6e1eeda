"""Load settings as people write them: keywords, TOML files and named profiles."""

import difflib
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec

from lms_jupyter.errors import CommandError
from lms_jupyter.manager.duration import parse_ttl
from lms_jupyter.protocol.fit import read_fit
from lms_jupyter.protocol.fitting import contradiction
from lms_jupyter.protocol.gpu_settings import objection
from lms_jupyter.protocol.load_keys import LOAD_KEYS
from lms_jupyter.protocol.models import (
    CacheType,
    LoadConfig,
    PresetLoad,
    Problem,
    SplitStrategy,
)

DEFAULT_TTL_S = 3600.0
"""The SDK's own default, for loads that do not say."""
PROFILES = "lms_profiles.toml"
"""The file of named profiles, next to the notebook."""
TTL_KEY = "ttl"
FIT_KEY = "fit"


def _aliases() -> dict[str, tuple[str, ...]]:
    """Return the short names of the table, and what each stands for."""
    found: dict[str, tuple[str, ...]] = {}
    for key in LOAD_KEYS:
        for short in key.short:
            found[short] = (*found.get(short, ()), key.name)
    return found


ALIASES = _aliases()
"""Short names, as the flags have them."""
LISTS = tuple(key.name for key in LOAD_KEYS if key.kind in ("wholes", "numbers"))
"""Settings that are a list; of one, a number alone will do."""
RATIOS = tuple(key.name for key in LOAD_KEYS if key.kind == "ratio")
OFFLOAD = {"off": 0.0, "max": 1.0}


class Settings(TypedDict, total=False):
    """The load settings as keywords."""

    context_length: int
    auto_fit: bool
    auto_fit_min_context_length: int
    gpu: float | str
    main_gpu: int
    split_strategy: SplitStrategy
    disabled_gpus: Sequence[int]
    gpu_priority: Sequence[int]
    gpu_custom_ratio: Sequence[float]
    gpu_strict_vram_cap: bool
    num_cpu_expert_layers_ratio: float | str
    offload_kv_cache_to_gpu: bool
    parallel: int
    use_unified_kv_cache: bool
    flash_attention: bool
    k_cache_type: CacheType
    v_cache_type: CacheType
    kv_cache: CacheType
    eval_batch_size: int
    physical_batch_size: int
    context_checkpoints: int
    num_experts: int
    seed: int
    try_mmap: bool
    try_direct_io: bool
    keep_model_in_memory: bool
    cpu_thread_pool_size: int
    rope_frequency_base: float
    rope_frequency_scale: float
    prompt_template: str
    reasoning_budget_message: str
    draft_mtp: bool
    draft_mtp_sidecar: bool
    draft_dflash_sidecar: bool
    draft_dspark_sidecar: bool
    draft_model: str
    draft_max_tokens: int
    draft_min_tokens: int
    draft_min_probability: float
    mlx_disk_cache: bool
    mlx_kv_cache_bits: int
    mlx_kv_cache_group_size: int
    mlx_kv_cache_quantized_start: int


def read_settings(settings: Mapping[str, Any], where: str = "the settings") -> LoadConfig:
    """Read settings by their names or short names.

    Raises:
        CommandError: A name is unknown or a value makes no sense.
    """
    fields: dict[str, Any] = {}
    for name, value in settings.items():
        if value is None:
            continue
        for field in ALIASES.get(name, (name,)):
            if field not in LoadConfig.__struct_fields__:
                raise CommandError(f"There is no load setting {name!r} ({where}).", hint=near(name))
            fields[field] = value
    try:
        config = msgspec.convert(_plain(fields), LoadConfig)
    except (msgspec.ValidationError, UnicodeError) as error:
        raise CommandError(f"A load setting makes no sense ({where}): {error}.") from error
    if (wrong := objection(config) or contradiction(config)) is not None:
        raise CommandError(f"A load setting makes no sense ({where}): {wrong}")
    return config


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write what people may write in two ways in one."""
    plain = dict(fields)
    for name in RATIOS:
        if isinstance(plain.get(name), str):
            plain[name] = OFFLOAD.get(plain[name], plain[name])
    for name in LISTS:
        if isinstance(plain.get(name), int | float):
            plain[name] = (plain[name],)
    return plain


def near(name: str) -> str:
    """Suggest a setting for a name that is none."""
    known = [*LoadConfig.__struct_fields__, *ALIASES]
    found = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {found[0]}?" if found else f"There are: {', '.join(known)}."


def merged(*configs: LoadConfig) -> LoadConfig:
    """Join load configs; what comes later wins."""
    fields: dict[str, Any] = {}
    for config in configs:
        named = {name: getattr(config, name) for name in LoadConfig.__struct_fields__}
        fields |= {name: value for name, value in named.items() if value is not None}
    return LoadConfig(**fields)


def keywords(**settings: Unpack[Settings]) -> LoadConfig:
    """Read settings that were given as keywords."""
    return read_settings(settings, "a keyword")


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Settings from a file, and the TTL if it names one."""

    config: LoadConfig = LoadConfig()
    ttl_s: float | msgspec.UnsetType | None = msgspec.UNSET
    fit: str | None = None
    """How much memory it may take; see `LoadRequest.fit`."""
    sources: dict[str, str] = {}
    """See `LoadRequest.sources`."""

    def from_source(self, source: str) -> "Recipe":
        """Return the same, with what it says of each setting that it names."""
        config = self.config
        named = (name for name in config.__struct_fields__ if getattr(config, name) is not None)
        return msgspec.structs.replace(self, sources=dict.fromkeys(named, source))


NOTHING = Recipe()


def together(*recipes: Recipe) -> Recipe:
    """Join recipes; what comes later wins, setting by setting, and the TTL too."""
    config = merged(*(recipe.config for recipe in recipes))
    ttls = (recipe.ttl_s for recipe in reversed(recipes) if recipe.ttl_s is not msgspec.UNSET)
    fits = (recipe.fit for recipe in reversed(recipes) if recipe.fit is not None)
    sources: dict[str, str] = {}
    for recipe in recipes:
        sources |= recipe.from_source("").sources | recipe.sources
    return Recipe(
        config=config,
        ttl_s=next(ttls, msgspec.UNSET),
        fit=next(fits, None),
        sources={name: source for name, source in sources.items() if source},
    )


def gathered(
    folder: Path,
    overrides: Recipe,
    *,
    config: Path | Recipe = NOTHING,
    preset: str | None = None,
    profile: str | None = None,
) -> Recipe:
    """Join all sources of load settings.

    Overrides win over a profile, that over a preset, and that over a config.

    Args:
        folder: Where the notebook lies: its profiles are there, and the file is seen from there.
        overrides: The keywords of a call, or the flags of a line.
        config: Settings, or a TOML file of them.
        preset: A preset of LM Studio's, if one was named.
        profile: A table of the file of profiles, if one was named.

    Raises:
        CommandError: A file or a profile is not there or makes no sense.
    """
    given = config
    if not isinstance(given, Recipe):
        given = read_file(folder / given.expanduser()).from_source(given.name)
    named = NOTHING if profile is None else read_profile(profile, folder)
    ready = NOTHING if preset is None else read_preset(preset)
    return together(given, ready, named, overrides)


def read_file(path: Path) -> Recipe:
    """Read a TOML file of load settings.

    Raises:
        CommandError: It is not there, is no TOML, or holds something else.
    """
    return read_recipe(_toml(path), str(path))


def read_profile(name: str, folder: Path) -> Recipe:
    """Read one table of the file of profiles.

    Raises:
        CommandError: There is no such file or no such profile.
    """
    path = folder / PROFILES
    profiles = _toml(path)
    profile = profiles.get(name)
    if not isinstance(profile, dict):
        close = difflib.get_close_matches(name, profiles, n=1)
        hint = (
            f"Did you mean {close[0]}?" if close else f"There are: {', '.join(profiles) or 'none'}."
        )
        raise CommandError(f"{path} has no profile {name!r}.", hint=hint)
    return read_recipe(profile, f"profile {name}").from_source(f"--profile {shlex.quote(name)}")


def read_preset(name: str) -> Recipe:
    """Read what a preset of LM Studio's says of loads.

    Raises:
        CommandError: There is none of this name, or this version cannot carry it out.
    """
    from lms_jupyter.hosts.presets import find_preset, load_config  # noqa: PLC0415 - few ask

    recipe = Recipe(config=load_config(find_preset(name)))
    return recipe.from_source(f"--preset {shlex.quote(name)}")


def preset_names() -> tuple[str, ...]:
    """Name LM Studio's presets of this machine."""
    from lms_jupyter.hosts.presets import presets  # noqa: PLC0415 - few ask

    return tuple(preset.name for preset in presets().presets)


def preset_loads() -> tuple[PresetLoad, ...]:
    """Return what LM Studio's presets of this machine say of loads; those that say nothing not."""
    from lms_jupyter.hosts.presets import load_config, presets  # noqa: PLC0415 - few ask

    def read(preset: Any) -> PresetLoad:
        try:
            return PresetLoad(name=preset.name, config=load_config(preset))
        except CommandError as error:
            problem = Problem(code=error.code, title=error.title, hint=error.hint)
            return PresetLoad(name=preset.name, problem=problem)

    found = [read(preset) for preset in presets().presets if preset.load]
    return tuple(profile for profile in found if profile.problem or profile.config != LoadConfig())


def profile_names(folder: Path) -> tuple[str, ...]:
    """Name the profiles that are there; none if the file is missing or broken."""
    try:
        profiles = _toml(folder / PROFILES)
    except CommandError:
        return ()
    return tuple(name for name, value in profiles.items() if isinstance(value, dict))


def read_recipe(entries: Mapping[str, Any], where: str) -> Recipe:
    """Read settings that may name a TTL among them.

    Raises:
        CommandError: A name is unknown or a value makes no sense.
    """
    beside = (TTL_KEY, FIT_KEY)
    settings = {name: value for name, value in entries.items() if name not in beside}
    config = read_settings(settings, where)
    ttl_s = parse_ttl(str(entries[TTL_KEY])) if TTL_KEY in entries else msgspec.UNSET
    return Recipe(config=config, ttl_s=ttl_s, fit=checked_fit(entries.get(FIT_KEY), where))


def checked_fit(fit: object, where: str) -> str | None:
    """Return a fit that can be read, `None` if there is none.

    Raises:
        CommandError: It is none.
    """
    if fit is None:
        return None
    try:
        read_fit(str(fit))
    except ValueError as error:
        raise CommandError(f"{error} ({where}).") from None
    return str(fit)


def read_text(path: Path) -> str:
    """Read a file that is a setting's text.

    Raises:
        CommandError: It is not there, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as text: {error}.") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        hint = "A profile is a table in it: [fast], then context_length = 4096."
        raise CommandError(
            f"There is no file {path}.", hint=hint if path.name == PROFILES else ""
        ) from error
    except (OSError, ValueError) as error:  # a name or a text that is none, or no TOML
        raise CommandError(f"{path} cannot be read as TOML: {error}.") from error
