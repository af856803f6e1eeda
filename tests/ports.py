"""Ports for servers whose address has to be known before they listen, or stay when they return."""

import random
import socket

RANGE = range(20_000, 32_000)
"""Below the ports that a system gives to whoever asks for any: nobody else gets one meanwhile."""


def free_ports(count: int) -> list[int]:
    """Return ports of this machine where nobody listens, each of them another."""
    found: list[int] = []
    for port in random.SystemRandom().sample(RANGE, len(RANGE)):
        with socket.socket() as one:
            # As a server does: what was closed a moment ago is in nobody's way.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"There are no {count} free ports in {RANGE}.")


def free_port() -> int:
    """Return a port of this machine where nobody listens."""
    (port,) = free_ports(1)
    return port
