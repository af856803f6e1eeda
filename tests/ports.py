"""Ports for servers whose address has to be known before they listen, or stay when they return."""

import secrets
import socket

RANGE = range(20_000, 32_000)
"""Below the ports that a system gives to whoever asks for any: nobody else gets one meanwhile."""
TRIES = 1000


def free_ports(count: int) -> list[int]:
    """Return ports of this machine where nobody listens, each of them another."""
    found: list[int] = []
    for _ in range(TRIES):
        port = secrets.choice(RANGE)
        if port not in found and _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"There are no {count} free ports in {RANGE}.")


def free_port() -> int:
    """Return a port of this machine where nobody listens."""
    (port,) = free_ports(1)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        # As a server does: what was closed a moment ago is in nobody's way.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
