"""How a worker process stands back for other programs, the engine's own loop among them."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
TRIES = 50
AGAIN_S = 0.11
"""Linux lets programs without privileges change only one group in a tenth of a second."""


def lower_priority(nice: int) -> threading.Thread | None:
    """Ask the system to prefer other programs: `nice` is from 0, not at all, to 19.

    Linux as it is set up on desktops and servers shares its cores among sessions first, and only
    then, by niceness, among the processes of one. A worker has a session of its own, so that its
    niceness would change nothing if its session were not made as nice. What has to be tried again
    is tried by the thread that is returned.
    """
    if not hasattr(os, "nice"):
        return None
    os.nice(nice)
    with contextlib.suppress(OSError):
        if not _put_session_back(nice):
            trying = threading.Thread(target=_keep_trying, args=(nice,), daemon=True)
            trying.start()
            return trying
    return None


def _put_session_back(nice: int) -> bool:
    """Return whether it was done.

    Raises:
        OSError: There are no such groups here.
    """
    try:
        AUTOGROUP.write_text(str(nice))
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return False
        raise
    return True


def _keep_trying(nice: int) -> None:
    with contextlib.suppress(OSError):
        for _ in range(TRIES):
            time.sleep(AGAIN_S)
            if _put_session_back(nice):
                return
