"""HTTP without TLS, and so without the certificates that TLS needs.

httpx reads the certificates of all authorities for every client it makes, also where the address
begins with http:// or ws://. It takes some 20 ms each, and the event loop stands still meanwhile.
"""

import ssl

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What clients of `http://` get as `verify`: it trusts nobody, should anything ask for TLS."""


def direct_client(address: str, *, timeout_s: float) -> httpx.AsyncClient:
    """Return a client of the host at an address; no proxy stands between."""
    return httpx.AsyncClient(
        base_url=f"http://{address}", timeout=timeout_s, trust_env=False, verify=NO_TLS
    )
