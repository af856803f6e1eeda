"""Where model files lie on this machine: ours, LM Studio's, and those that come with the package.

The one thing that the embedded engine and the rest both know; it imports neither.
"""

import errno
import json
import os
import stat
import tempfile
from pathlib import Path

from platformdirs import user_data_path

SHIPPED_MODELS = Path(__file__).parent / "engine" / "models"
"""The tutorial models."""

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


def downloaded_models() -> Path:
    """Return the folder that the embedded engine downloads to."""
    own = user_data_path("lms-jupyter")
    if not own.is_absolute():  # it would depend on where a program was started
        whose = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
        own = Path(tempfile.gettempdir()) / f"lms-jupyter{whose}"
    return own / "models"


def studio_home(home: Path | None = None) -> Path | None:
    """Return LM Studio's own folder, whether or not it is there, by its own rules.

    A pointer file in the user's home moves it.

    Args:
        home: The user's home; that of this process unless it is given.
    """
    home = home or _home()
    if home is None:
        return None
    studio = _named(_text(home / ".lmstudio-home-pointer").strip(), home)
    if studio is not None:
        return studio
    old = home / ".cache" / "lm-studio"
    return old if is_folder(old) else home / ".lmstudio"


def studio_models(home: Path | None = None) -> Path | None:
    """Return LM Studio's models folder, whether or not it is there; its settings may move it.

    Args:
        home: The user's home; that of this process unless it is given.
    """
    home = home or _home()
    studio = studio_home(home)
    if home is None or studio is None:
        return None
    try:
        settings = json.loads(_text(studio / "settings.json") or "{}")
    except ValueError:
        settings = {}
    moved = settings.get("downloadsFolder") if isinstance(settings, dict) else None
    return _named(moved, home) or studio / "models"


def model_folders() -> tuple[Path, ...]:
    """Return every folder that a model's path may be relative to, but those known to be absent."""
    folders = (downloaded_models(), studio_models(), SHIPPED_MODELS)
    return tuple(folder for folder in folders if folder is not None and may_be_folder(folder))


def is_folder(path: Path) -> bool:
    """Whether this is a folder that can be seen from here; nothing is raised if it is not."""
    return os.path.isdir(path)  # noqa: PTH112 - pathlib's raises where a folder above it is closed


def may_be_folder(path: Path) -> bool:
    """Whether a folder is there, or may be: a disk that fails now may not fail later."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except ValueError:
        return False
    except OSError as error:
        return error.errno not in _NOT_THERE


def _home() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None


def _named(text: object, home: Path) -> Path | None:
    """Return the folder that a text names; `None` if it would depend on where a program runs."""
    if not isinstance(text, str) or "\0" in text:
        return None
    path = home / text[2:] if text.startswith("~/") else Path(text)
    return path if path.is_absolute() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
