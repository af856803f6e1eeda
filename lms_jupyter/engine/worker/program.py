"""A worker that becomes a `llama-server`: the same life as `main`, with a program instead.

    started                  ──▶ says `Warm` on stdout, waits
    reads `Order` on stdin   ──▶ becomes the program, which reports its progress on stdout
    loaded                   ──▶ the program says that it is ready, and where it listens

The program keeps the process, its priority, and the engine's end of stdin: it ends with that.
"""

from __future__ import annotations

import os
import sys
import tempfile

from lms_jupyter.engine.worker.arguments import command_line
from lms_jupyter.engine.worker.birth import begin, reachable, receive_order
from lms_jupyter.engine.worker.messages import Warm, write_report

CANNOT_RUN = 3
_FOREIGN = ("LLAMA_ARG_", "LLAMA_API_KEY", "LLAMA_SERVER_CHILD_MODE", "AIP_")
"""What a user's own `llama-server` may be set up with, which would change what was ordered."""


def main() -> int:
    """Do what the module says. Arguments: the process id of the engine, how nice, the program."""
    trying = begin()
    program = sys.argv[3]
    os.write(1, write_report(Warm()).encode())
    order = receive_order()
    arguments = command_line(order, frozenset(order.flags), _reach, _keep)
    if arguments.missing:
        print(f"E this llama-server has no {', '.join(arguments.missing)}", file=sys.stderr)
        return 1
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)
    }
    if trying is not None:
        trying.join()
    try:
        os.execve(program, [program, *arguments.given], environment)  # noqa: S606 - as chosen
    except OSError as error:
        print(f"E cannot run {program}: {error.strerror}", file=sys.stderr)
    return CANNOT_RUN


def _reach(path: str) -> str:
    return reachable(path, inherited=True)


def _keep(text: str) -> str:
    """Put a text into a file that has no name: nobody else can open it, and it ends with us."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("lms-jupyter", 0)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(descriptor, text.encode(errors="replace"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return f"/dev/fd/{descriptor}"


if __name__ == "__main__":
    sys.exit(main())
