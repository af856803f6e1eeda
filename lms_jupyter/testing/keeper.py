"""`python -m lms_jupyter.testing.keeper COMMAND …`: run a command until our stdin ends.

Whoever starts it holds the other end of the pipe. However that process ends, by `kill -9` too, the
pipe ends with it, on every system.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

STDIN = 0
END_TIMEOUT_S = 10.0


def keep(command: Sequence[str]) -> int:
    """Run the command and return its exit code; end it once stdin has ended."""
    kept = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_stdin, args=(kept,), daemon=True).start()
    return kept.wait()


def _end_with_stdin(kept: "subprocess.Popen[bytes]") -> None:
    # Not through `sys.stdin`: its lock would be held while the interpreter ends.
    while os.read(STDIN, 1):
        pass
    kept.terminate()
    try:
        kept.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        kept.kill()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
