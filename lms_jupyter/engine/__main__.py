"""`python -m lms_jupyter.engine`: run the engine."""

from __future__ import annotations

import asyncio

from lms_jupyter.engine.app import serve
from lms_jupyter.engine.settings import Settings

if __name__ == "__main__":
    asyncio.run(serve(Settings.from_arguments()))
