"""Which load settings go together, and which a model and its host know. Pure."""

from collections.abc import Iterator

from msgspec.structs import replace

from lms_jupyter.protocol.load_keys import LOAD_KEYS
from lms_jupyter.protocol.models import HostInfo, Kind, LoadConfig
from lms_jupyter.protocol.setting import Setting

MANUAL = (
    *("context_length", "gpu", "main_gpu", "split_strategy"),
    *("gpu_strict_vram_cap", "num_cpu_expert_layers_ratio"),
)
"""The settings beside which the host is not to choose by itself, as the SDKs have them."""
MLX_BITS = (8, 6, 4, 3, 2)
MLX_GROUP_SIZES = (32, 64, 128)
_FORMATS = {"gguf": "GGUF", "mlx": "MLX"}


def is_manual(config: LoadConfig) -> bool:
    """Whether something is named that the host is not to choose otherwise."""
    return any(getattr(config, name) is not None for name in MANUAL)


def settled(config: LoadConfig) -> LoadConfig:
    """Return the settings with what was named winning over what the host would choose."""
    if not (config.auto_fit and is_manual(config)):
        return config
    return replace(config, auto_fit=False, auto_fit_min_context_length=None)


def contradiction(config: LoadConfig) -> str | None:
    """Say in one sentence what cannot be meant together; `None`: nothing."""
    return next(_contradictions(config), None)


def _contradictions(config: LoadConfig) -> Iterator[str]:
    if config.auto_fit and is_manual(config):
        named = next(name for name in MANUAL if getattr(config, name) is not None)
        yield f"With auto_fit the host chooses, and {named} is named: one of the two."
    if config.auto_fit is False and config.auto_fit_min_context_length is not None:
        yield "auto_fit_min_context_length says how far auto_fit may go, and that is off."
    bits, group = config.mlx_kv_cache_bits, config.mlx_kv_cache_group_size
    if bits is not None and bits not in MLX_BITS:
        yield f"An MLX cache has 8, 6, 4, 3 or 2 bits, not {bits}."
    if group is not None and group not in MLX_GROUP_SIZES:
        yield f"The values of an MLX cache are in groups of 32, 64 or 128, not {group}."
    if bits is None and (group, config.mlx_kv_cache_quantized_start) != (None, None):
        yield "The groups of an MLX cache are those of its bits: mlx_kv_cache_bits is missing."


def unknown(config: LoadConfig, model_format: str, host: HostInfo) -> Iterator[tuple[Setting, str]]:
    """Tell which settings that are asked mean nothing to the model or its host, and why.

    What is switched off is of no matter: it is off there.
    """
    for key in LOAD_KEYS:
        if getattr(config, key.name) in (None, False):
            continue
        if (why := _why_unknown(key, model_format, host)) is not None:
            yield key, why


def why_none(key: Setting, kind: Kind) -> str:
    """Say why a setting has no effect on this kind of model; empty: it may have one."""
    if kind == "embedding" and key.embedding is None:
        return "embedding models have no such setting"
    return ""


def fits(key: Setting, model_format: str | None) -> bool:
    """Whether a setting means anything for files of this format; `None`: it is not known."""
    return not (key.format and model_format) or (key.format == "gguf") == (model_format == "gguf")


def _why_unknown(key: Setting, model_format: str, host: HostInfo) -> str | None:
    if not fits(key, model_format):
        return f"it is for {_FORMATS[key.format]} models"
    if key.studio and host.features:
        # Only the embedded engine has any.
        return "LM Studio alone knows it"
    return None
