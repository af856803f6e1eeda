"""What `%%lms sweep` can vary: the load settings that are one short value."""

from collections.abc import Callable, Mapping
from typing import Any

from lms_jupyter.api.settings import ALIASES
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.verbs.setting_flags import reader
from lms_jupyter.protocol.load_keys import LOAD_KEYS

_SHORT = {
    "k": "k_cache_type",
    "v": "v_cache_type",
    **{short: names[0] for short, names in ALIASES.items() if len(names) == 1},
}
_KINDS = ("switch", "whole", "number", "ratio", "choice")
_NOT_ALONE = ("auto_fit", "draft", "main_gpu", "mlx", "split")
"""How settings begin that mean nothing alone, or for other files."""


def _switch(text: str) -> bool:
    words = {"on": True, "off": False, "true": True, "false": False, "1": True, "0": False}
    if text.lower() not in words:
        raise CommandError(f"{text!r} is neither on nor off")
    return words[text.lower()]


def _axes() -> Mapping[str, tuple[str, Callable[[str], Any]]]:
    axes: dict[str, tuple[str, Callable[[str], Any]]] = {"quant": ("quant", str)}
    for key in LOAD_KEYS:
        if key.kind in _KINDS and not key.name.startswith(_NOT_ALONE):
            read = _switch if key.kind == "switch" else reader(key)
            names = [short for short, name in _SHORT.items() if name == key.name]
            axes |= dict.fromkeys(names or [key.name], (key.name, read))
    return axes | {"kv": ("kv", str)}


AXES = _axes()
"""What can be swept, and the load setting that it stands for."""
