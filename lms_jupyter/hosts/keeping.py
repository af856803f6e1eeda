"""What keeps instances in memory, as a host with the features "keep" and "forget" is told it."""

from collections.abc import Iterable
from typing import Any

from lms_jupyter.hosts.base import Host
from lms_jupyter.hosts.lm_link import on_device
from lms_jupyter.protocol.models import Instance, Keep


async def keep(host: Host, instance: Instance, what: Keep | None) -> None:
    """Have something keep an instance, or its TTL count again."""
    payload: dict[str, Any] | None = None
    if what is not None:
        payload = {"type": "whileOpen"}
        if what.until is not None:
            payload = {"type": "until", "at": round(what.until * 1000)}
    await host.extension("setInstanceKeep", on_device(instance) | {"keep": payload})


async def hold(host: Host, references: Iterable[str], for_s: float) -> None:
    """Have instances not give way for a while: a cell runs that may use them any moment."""
    payload = {"instanceReferences": list(references), "forMs": round(for_s * 1000)}
    await host.extension("holdInstances", payload)


async def forget_prompts(host: Host) -> None:
    """Remove all that is kept of prompts that ended instances have read."""
    await host.extension("forgetPrompts", {})
