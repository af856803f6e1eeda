"""Lets LM Studio's own `lms` in without a token, if it is its owner who runs it.

`lms` has no way to carry one. Where the system can tell which program is at the other end of a
connection over loopback, and whose, that is as good: it must be a process of the engine's own user
that is called `lms`. What only passes connections on, such as an `ssh` tunnel, is not.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from aiohttp import web

from lms_jupyter.engine.routes.handshake import Caller

KIND: Final = "lms"
_PROGRAMS: Final = frozenset({"lms", "lms.exe"})
_INTERPRETERS: Final = frozenset({"node", "bun", "deno"})
_SCRIPTS: Final = frozenset({"lms", "lms.js", "lms-cli"})
"""What a file of it, or the folder of its sources, is called."""
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


async def is_owners_lms(request: web.Request, caller: Caller) -> bool:
    """Whether a client is `lms`, run by this user on this machine."""
    if caller.kind != KIND or request.transport is None:
        return False
    ends = (
        request.transport.get_extra_info("peername"),
        request.transport.get_extra_info("sockname"),
    )
    return await asyncio.to_thread(_is_lms_between, *(end[:2] for end in ends))


def _is_lms_between(theirs: tuple[str, int], ours: tuple[str, int]) -> bool:
    if not ipaddress.ip_address(theirs[0]).is_loopback:
        return False
    inode = _inode_of_ours(theirs, ours)
    return inode is not None and any(_is_lms(process) for process in _holders(inode))


def _inode_of_ours(theirs: tuple[str, int], ours: tuple[str, int]) -> str | None:
    """Return the number of the socket at the other end, if this user has opened it."""
    wanted = [f"{_hexadecimal(*end)}" for end in (theirs, ours)]
    for table in _TABLES:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, remote, _, _, _, _, uid, _, inode, *_ = line.split()
            if [local, remote] == wanted and int(uid) == os.geteuid():
                return inode
    return None


def _hexadecimal(address: str, port: int) -> str:
    """Write an address as Linux does: each four bytes as a number of this machine."""
    packed = ipaddress.ip_address(address).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    numbers = (f"{int.from_bytes(word, 'little'):08X}" for word in words)
    return f"{''.join(numbers)}:{port:04X}"


def _holders(inode: str) -> Iterator[Path]:
    """Find the processes of this user that have a socket open."""
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if process.stat().st_uid != os.geteuid():
                continue
            links = (str(held.readlink()) for held in (process / "fd").iterdir())
            if f"socket:[{inode}]" in links:
                yield process
        except OSError:
            continue  # it has ended, or hides what it holds


def _is_lms(process: Path) -> bool:
    """Whether the program, or the script that it runs, is called `lms`."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    program, *more = (PurePath(os.fsdecode(word)) for word in words)
    if program.name in _PROGRAMS:
        return True
    script = next((word for word in more if not word.name.startswith("-")), PurePath())
    return program.name in _INTERPRETERS and bool(_SCRIPTS & set(script.parts))
