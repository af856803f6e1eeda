"""Whose process listens on a port of this machine, as far as the system tells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENING = "0A"
"""The state of a socket that waits for connections, in Linux's tables."""
LOOK_TIMEOUT_S = 2.0


def is_this_users(port: int) -> bool:
    """Whether the process that listens there is this user's, or the system's own; blocks shortly.

    Not known is no: nothing is entrusted to it then.
    """
    if sys.platform == "darwin":
        return _seen_by_lsof(port)
    owners = _owners(port)
    return bool(owners) and owners <= {os.getuid(), 0}


def _owners(port: int) -> set[int]:
    """Return the users whose sockets listen on a port, from Linux's tables of sockets."""
    owners = set()
    for table in TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state, _, _, _, uid, *_ = line.split()
            if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                owners.add(int(uid))
    return owners


def _seen_by_lsof(port: int) -> bool:
    """Whether `lsof` sees the listener: without rights it sees only the user's own processes."""
    program = shutil.which("lsof") or "/usr/sbin/lsof"
    command = [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"]
    try:
        found = subprocess.run(  # noqa: S603 - a program of the system
            command, capture_output=True, timeout=LOOK_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0 and bool(found.stdout.strip())
