"""How the settings in effect differ from those that were asked. Pure."""

import math
from collections.abc import Iterable
from typing import Any

from lms_jupyter.protocol.fitting import why_none
from lms_jupyter.protocol.load_keys import BY_NAME
from lms_jupyter.protocol.models import Difference, Kind, LoadConfig

CELLS = 256
"""llama.cpp rounds a context up to a multiple of this many tokens."""

OFF_BY_DEFAULT = (
    *("auto_fit", "draft_mtp"),
    *("draft_mtp_sidecar", "draft_dflash_sidecar", "draft_dspark_sidecar"),
)
"""What is off where the host does not tell."""


def differences(
    asked: LoadConfig, effective: LoadConfig, kind: Kind | None = None
) -> tuple[Difference, ...]:
    """Return where what is in effect is not what was asked, of the settings that were named.

    Args:
        asked: What was named.
        effective: What the host says.
        kind: Of which kind of model, if the reason is wanted as well.
    """
    return tuple(
        Difference(
            setting=name,
            asked=_readable(wanted),
            effective=_readable(got),
            why=_why(name, wanted, effective, kind),
        )
        for name in LoadConfig.__struct_fields__
        if (wanted := getattr(asked, name)) is not None
        and not _equal(wanted, got := getattr(effective, name))
        and (name not in OFF_BY_DEFAULT or wanted or got)
    )


def _why(name: str, wanted: Any, effective: LoadConfig, kind: Kind | None) -> str:
    """Say why a setting is not as asked, as far as it can be seen; empty: it cannot."""
    if kind is not None and (reason := why_none(BY_NAME[name], kind)):
        return reason
    got = getattr(effective, name)
    if name == "context_length" and got is not None:
        if effective.auto_fit:
            return "the host fitted it to its memory, autoFit"
        sessions = effective.parallel or 1
        if effective.use_unified_kv_cache is False and got <= wanted / sessions + CELLS < wanted:
            return f"each of {sessions} parallel requests has a part of its own"
    return ""


def unlike(asked: LoadConfig, before: LoadConfig, found: Iterable[Difference]) -> tuple[Any, ...]:
    """Leave out what was asked in the same way before: the host could not give it then either.

    Args:
        asked: What is asked now.
        before: What was asked when the instance was loaded.
        found: Where the instance differs from what is asked now.
    """
    return tuple(
        difference
        for difference in found
        if not _equal(getattr(asked, difference.setting), getattr(before, difference.setting))
    )


def describe(found: Iterable[Difference]) -> str:
    """Describe differences in one line.

    >>> describe([Difference(setting="context_length", asked=8192, effective=2048)])
    'context_length is 2048, not 8192'
    """
    return ", ".join(map(str, found))


def _readable(value: Any) -> Any:
    """Return a value that one word can say; of several, a list in words."""
    return ", ".join(f"{part:g}" for part in value) if isinstance(value, tuple) else value


def _equal(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, tuple) and isinstance(got, tuple):
        return len(wanted) == len(got) and all(map(_equal, wanted, got))
    if isinstance(wanted, float) and isinstance(got, int | float):
        # Single precision on the way must not look like another setting.
        return math.isclose(wanted, got, rel_tol=1e-5)
    return bool(wanted == got)
