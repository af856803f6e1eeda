"""Says of each setting in effect whether it was asked for, is the host's own, or has changed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lms_jupyter.protocol.diary import SettingOrigin
from lms_jupyter.protocol.models import Instance, LoadConfig

LONGEST_VALUE = 100


def origins(
    config: LoadConfig,
    asked: LoadConfig | None,
    instance: Instance,
    sources: Mapping[str, str] = MappingProxyType({}),
) -> tuple[SettingOrigin, ...]:
    """Say where each setting in effect comes from."""
    changed = {difference.setting for difference in instance.differences}
    found = []
    for setting in config.__struct_fields__:
        value = getattr(config, setting)
        if value is None:
            continue
        origin: Any = "unknown" if asked is None else "host"
        if setting in changed:
            origin = "changed"
        elif asked is not None and getattr(asked, setting) is not None:
            origin = "asked"
        source = sources.get(setting, "") if origin == "asked" else ""
        found.append(
            SettingOrigin(setting=setting, value=_written(value), origin=origin, source=source)
        )
    return tuple(found)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
