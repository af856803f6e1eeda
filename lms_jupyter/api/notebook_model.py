"""Which model a notebook has chosen: in its toolbar, in its metadata, or by a variable.

A page tells the kernel by the variable, before it runs a cell. Where no page does (VS Code, a
scheduler, a notebook that runs without anybody), the file of the notebook says it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from lms_jupyter.errors import ModelNotFoundError

VARIABLE = "LMS_JUPYTER_MODEL"
NOTEBOOK = "JPY_SESSION_NAME"
KEY = "lms_jupyter"
LONGEST = 300
"""Characters of a name; what is longer was never chosen from a list."""
CHOSEN = "This notebook names it: choose another one in its toolbar, or name one."


class _Notebook(Struct):
    """A notebook's file; its cells are passed over."""

    metadata: dict[str, Any] = {}


def chosen_model(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the model of this notebook, `None` if it has chosen none.

    Args:
        environ: A variable that is there but empty says that none is chosen, whatever was saved.
    """
    variable = environ.get(VARIABLE)
    if variable is not None:
        return variable.strip() or None
    path = Path(environ.get(NOTEBOOK) or "")
    return _saved(path) if path.suffix == ".ipynb" and path.is_absolute() else None


def _saved(path: Path) -> str | None:
    """Read the choice from a notebook's file; what cannot be read has none."""
    try:
        metadata = msgspec.json.decode(path.read_bytes(), type=_Notebook).metadata
    except (OSError, msgspec.DecodeError):
        return None
    ours = metadata.get(KEY)
    name = ours.get("model") if isinstance(ours, dict) else None
    if not isinstance(name, str) or len(name) > LONGEST:
        return None
    return name.strip() or None


def explain(error: ModelNotFoundError) -> ModelNotFoundError:
    """Say with an error that the notebook named the model, and not the line that failed."""
    error.hint = f"{CHOSEN} {error.hint}"
    return error
