"""Where lies what is kept of this user's loads on this machine: the diary, and measurements."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from lms_jupyter.errors import LmsError
from lms_jupyter.hosts.own_files import private
from lms_jupyter.hosts.state_folder import state_folder

VARIABLE = "LMS_JUPYTER_DIARY"
"""off: no diary is kept; texts: what models answer stands in the engine's, too."""
OFF, TEXTS = "off", "texts"


def diary_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the diary's file; `None` where none is to be kept, or none can be."""
    if environ.get(VARIABLE) == OFF:
        return None
    try:
        # Home folders may be shared between machines, and SQLite wants the locks of one.
        return private(state_folder()) / f"diary-{socket.gethostname()}.sqlite"
    except (LmsError, OSError):
        return None


def measured_options() -> list[str]:
    """Return where an engine is to keep what loads have taken on this machine."""
    try:
        file = private(state_folder()) / f"measured-{socket.gethostname()}.json"
    except (LmsError, OSError):
        return []
    return ["--measured", str(file)]


def diary_options(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return how an engine is told to keep it."""
    file = diary_file(environ)
    if file is None:
        return []
    texts = ["--diary-texts"] if environ.get(VARIABLE) == TEXTS else []
    return ["--diary", str(file), *texts]
