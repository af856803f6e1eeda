"""`python -m lms_jupyter.engine`: run the engine."""

from __future__ import annotations

import asyncio
import sys

from lms_jupyter.engine.app import serve
from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.settings import Settings

if __name__ == "__main__":
    try:
        asyncio.run(serve(Settings.from_arguments()))
    except EngineError as error:
        sys.exit(f"{error.title} {error.hint}")
