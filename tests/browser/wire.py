"""A wire between a browser and a server that can be cut, frozen and mended."""

import contextlib
import select
import socket
import threading
from typing import Self

CHUNK = 65_536


class Wire:
    """Passes everything on to a port of this machine, from a port of its own.

    Cut, it drops every connection and takes no other; frozen, it takes and keeps them but passes
    nothing on, as a network does that is gone without a word.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = False
        self._ends: set[socket.socket] = set()
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._flows.set()
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Drop every connection, and every new one."""
        self._is_cut = True
        for end in tuple(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Pass nothing on."""
        self._flows.clear()

    def mend(self) -> None:
        """Be a good wire again."""
        self._is_cut = False
        self._flows.set()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
            else:
                threading.Thread(target=self._join, args=[near], daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            ends = {near, far}
            self._ends |= ends
            with contextlib.suppress(OSError):
                while not self._over.is_set():
                    readable, _, _ = select.select([near, far], [], [], 0.5)
                    if not self._pass_on(readable, near, far):
                        break
            self._ends -= ends

    def _pass_on(
        self, readable: list[socket.socket], near: socket.socket, far: socket.socket
    ) -> bool:
        for end in readable:
            self._flows.wait()
            data = end.recv(CHUNK)
            if not data:
                return False
            (far if end is near else near).sendall(data)
        return True
