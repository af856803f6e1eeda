"""What was found at the source, as `fuzzyFindStaffPicks` tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

_OWNER: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")


def staff_picks(repositories: Iterable[str], term: str) -> list[dict[str, Any]]:
    """Write repositories as LM Studio's hub calls artifacts; others cannot be named there."""
    picks = []
    for repository in repositories:
        owner, _, name = repository.lower().partition("/")
        if not _OWNER.fullmatch(owner) or not _NAME.fullmatch(name):
            continue
        picks.append(
            {
                "owner": owner,
                "name": name,
                "revisionNumber": 1,
                "createdAtTimestamp": 0,
                "description": f"{repository}, from this engine's source of models",
                "exact": is_exact(repository, term),
            }
        )
    return picks


def is_exact(repository: str, term: str) -> bool:
    """Whether a term is the name of a repository, with or without its owner and `-GGUF`."""
    name, wanted = repository.casefold(), term.strip().casefold()
    names = {name, name.partition("/")[2]}
    return wanted in names | {name.removesuffix("-gguf") for name in names}
