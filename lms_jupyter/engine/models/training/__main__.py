"""Trains the tutorial models and writes their files, as a program of its own."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

_NEEDED = ("torch", "gguf", "numpy", "tokenizers")
_MODELS = Path(__file__).parent.parent


def main() -> int:
    """Train what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lms_jupyter.engine.models.training", description=__doc__
    )
    parser.add_argument(
        "--out", type=Path, default=_MODELS, help="where to write (default: beside this code)"
    )
    parser.add_argument(
        "--only", choices=("chat", "embed", "vision"), help="train one model and not all"
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="start of all random choices (default: 7)"
    )
    arguments = parser.parse_args()

    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"Training needs {', '.join(missing)}. "
            "The README in lms_jupyter/engine/models/training says how to install it.",
            file=sys.stderr,
        )
        return 1

    from lms_jupyter.engine.models.training.make import make

    make(arguments.out, arguments.only, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
