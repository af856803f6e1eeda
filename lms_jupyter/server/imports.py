"""Imports that would hold up the Jupyter Server."""

import asyncio
import importlib
from typing import Any


async def import_beside(name: str) -> Any:
    """Import a module in a thread, and return it.

    httpx and the SDK take some 100 ms each, in which no other request would be answered. They come
    only with the first page that asks about models.
    """
    return await asyncio.to_thread(importlib.import_module, name)
