"""Runs a program where the system refuses a call: `python without.py flock ENOLCK PROGRAM …`.

A filter of Linux (seccomp) answers the call with the error, as a network disk does; it holds for
the children of the program too.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"flock": 73, "getdents64": 217, "newfstatat": 262, "openat": 257, "read": 0},
    "aarch64": {"flock": 32, "getdents64": 61, "newfstatat": 79, "openat": 56, "read": 63},
}
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def refuse(call: str, error: int) -> None:
    """Have the system answer a call of this process with an error from now on."""
    machine = platform.machine()
    steps = (
        (LOAD, 0, 0, 4),
        (EQUALS, 0, 3, AUDIT[machine]),
        (LOAD, 0, 0, 0),
        (EQUALS, 0, 1, NUMBERS[machine][call]),
        (RETURN, 0, 0, ERRNO | error),
        (RETURN, 0, 0, ALLOW),
    )
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    described = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    for command in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described, 0, 0),
    ):
        if libc.prctl(*command) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    _, call, name, *command = sys.argv
    refuse(call, getattr(errno, name))
    os.execvp(command[0], command)  # noqa: S606 - our own test's program
