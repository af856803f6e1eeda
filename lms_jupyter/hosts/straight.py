"""HTTP to a host of ours: straight, with TLS or without; no proxy of the environment between."""

import asyncio

import httpx

from lms_jupyter.hosts.addresses import is_secure, url_of
from lms_jupyter.hosts.certificates import NO_TLS, trust

PROBE_TIMEOUT_S = 1.0
"""How long a host may take to say who it is."""
TLS_PROBE_TIMEOUT_S = 5.0
"""The same where TLS is agreed on first, with a host that may be far away."""


def probe_timeout_s(address: str) -> float:
    """Return how long the host at an address may take to say who it is."""
    return TLS_PROBE_TIMEOUT_S if is_secure(address) else PROBE_TIMEOUT_S


async def straight_client(address: str, *, timeout_s: float) -> httpx.AsyncClient:
    """Return a client of the host at an address.

    Raises:
        CommandError: The certificate that was named for the host cannot be read.
    """
    # Certificates are read from the disk.
    trusted = await asyncio.to_thread(trust, address) if is_secure(address) else NO_TLS
    return httpx.AsyncClient(
        base_url=url_of(address), timeout=timeout_s, trust_env=False, verify=trusted
    )
