"""Brings back what was unloaded as it was: for undo and for `paused()`."""

from lms_jupyter.manager import loading
from lms_jupyter.manager.former import Former, reinstate
from lms_jupyter.manager.load_task import LoadResult
from lms_jupyter.manager.manager import Manager
from lms_jupyter.protocol.loads import LoadMode


async def restore(former: Former, manager: Manager, mode: LoadMode) -> LoadResult:
    """Load an instance again: settings, identifier, TTL, device, pin, and whose it was.

    Raises as `loading.carry_out` does.
    """
    result = await loading.carry_out(former.request(mode), manager)
    await reinstate(former, result.instance, manager.connected_host, manager.own)
    return result
