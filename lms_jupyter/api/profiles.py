"""The file of named profiles next to the notebook, which `%lms load --profile` reads too."""

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from filelock import Timeout

from lms_jupyter.api.settings import (
    FIT_KEY,
    PROFILES,
    TTL_KEY,
    checked_fit,
    preset_loads,
    profile_names,
    read_profile,
)
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.state_folder import UserLock
from lms_jupyter.protocol.models import PresetLoad, Profile

SAVE_TIMEOUT_S = 5.0
"""How long another process may be at the same file."""


class ProfileFile:
    """Reads and writes one file of profiles; what else is in it stays, comments included."""

    def __init__(self, folder: Path | Callable[[], Path]) -> None:
        """Take the folder, or a function that returns it: a notebook may change its own."""
        self._where = folder

    @property
    def _folder(self) -> Path:
        return self._where() if callable(self._where) else self._where

    def read(self) -> tuple[Profile, ...]:
        """Return every profile; see `ProfileShelf.read`."""
        return tuple(self._profile(name) for name in profile_names(self._folder))

    def presets(self) -> tuple[PresetLoad, ...]:
        """Return LM Studio's presets; see `ProfileShelf.presets`."""
        return preset_loads()

    def save(self, profile: Profile) -> None:
        """Keep a profile; see `ProfileShelf.save`."""
        # Takes a tenth of a second to import, and only saving needs it.
        import tomlkit  # noqa: PLC0415
        from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

        name = profile.name.strip()
        if not name:
            raise CommandError("A profile needs a name.")
        checked_fit(profile.fit, f"profile {name}")
        path = self._folder / PROFILES
        try:
            # A kernel and pages of a Jupyter Server may save at once.
            with _alone(path):
                document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
                document[name] = _fill(tomlkit.table(), profile)
                _put(path.resolve(), tomlkit.dumps(document))
        except Timeout as error:
            raise CommandError(
                f"Another process has been saving profiles to {path} for {SAVE_TIMEOUT_S:g} s.",
                hint=f"If there is none, remove {error.lock_file} and save again.",
            ) from error
        except OSError as error:
            raise CommandError(
                f"The profile {name!r} cannot be written to {path}: {error.strerror or error}.",
                hint="Settings may lie in any other file too: `%lms load --config FILE`.",
            ) from error
        except (UnicodeDecodeError, TOMLKitError) as error:
            raise CommandError(
                f"The profile {name!r} cannot be added to {path}: {error}.",
                hint="The file is left as it is. Mend it by hand, then save again.",
            ) from error

    def _profile(self, name: str) -> Profile:
        recipe = read_profile(name, self._folder)
        ttl_s = recipe.ttl_s
        names_ttl = not isinstance(ttl_s, msgspec.UnsetType)
        return Profile(
            name=name,
            config=recipe.config,
            ttl_s=None if isinstance(ttl_s, msgspec.UnsetType) else ttl_s,
            names_ttl=names_ttl,
            fit=recipe.fit,
        )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let nobody else change the file; the lock lies where it disturbs nobody."""
    mark = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    lock = UserLock(f"profiles-{mark}.lock", SAVE_TIMEOUT_S)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _put(path: Path, text: str) -> None:
    """Write a file at once and whole: whoever reads it meanwhile reads what was there before."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        new.write_text(text, encoding="utf-8")
        if path.exists():
            shutil.copymode(path, new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _fill(table: Any, profile: Profile) -> Any:
    for setting, value in msgspec.to_builtins(profile.config).items():
        table[setting] = value
    if profile.names_ttl:
        table[TTL_KEY] = "none" if profile.ttl_s is None else f"{profile.ttl_s:g}"
    if profile.fit is not None:
        table[FIT_KEY] = profile.fit
    return table
