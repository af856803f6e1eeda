"""`python -m lms_jupyter.engine`: run the engine."""

from __future__ import annotations

import os
import sys

from lms_jupyter.engine import secrecy

if __name__ == "__main__":
    # Before anything that takes time: until then everybody sees what the command line shows.
    secrecy.hide(sys.argv[1:], os.environ)

    import asyncio

    from lms_jupyter.engine.app import serve
    from lms_jupyter.engine.errors import EngineError
    from lms_jupyter.engine.settings import Settings

    try:
        asyncio.run(serve(Settings.from_arguments()))
    except EngineError as error:
        sys.exit(f"{error.title} {error.hint}".strip())
