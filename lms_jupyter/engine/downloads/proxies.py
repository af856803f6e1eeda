"""Which proxy stands between the engine and a source of models, as the environment has it.

aiohttp's own reading of the environment stumbles over what it cannot parse, speaks HTTP to proxies
of other kinds, and passes over `all_proxy`.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from msgspec import Struct

from lms_jupyter.engine.errors import DownloadFailedError

SPOKEN: Final = ("http", "https")
"""The kinds of proxies that aiohttp can talk to."""


class Proxy(Struct, frozen=True, kw_only=True):
    """A proxy, and the environment variable that names it."""

    url: str
    variable: str

    @property
    def name(self) -> str:
        """The proxy as it may be told: without a password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def without_secrets(self, text: str) -> str:
        """Return a text without the password of the proxy."""
        password = urlsplit(self.url).password or ""
        for secret in filter(None, (password, unquote(password))):
            text = text.replace(secret, "***")
        return text


def proxy_for(address: str) -> Proxy | None:
    """Return the proxy for an address, `None` if it is to be reached straight.

    Raises:
        DownloadFailedError: What the environment names cannot be used; the sentence says which
            variable it is.
    """
    proxies = getproxies()
    scheme, host = _parts(address)
    kind = scheme if proxies.get(scheme) else "all"
    if not proxies.get(kind) or _is_here(host) or proxy_bypass(host):
        return None
    name = f"{kind}_proxy"
    variable = name if os.environ.get(name) or not os.environ.get(name.upper()) else name.upper()
    text = proxies[kind].strip()
    url = text if "://" in text else f"http://{text}"
    spoken, proxy = _parts(url)
    if not proxy or " " in text:
        raise DownloadFailedError(
            f"{variable} is no address of a proxy, and {address} is to be reached through it.",
            hint=f"Write it as http://host:port, unset it, or name {host} in NO_PROXY.",
        )
    if spoken not in SPOKEN:
        raise DownloadFailedError(
            f"{variable} names a {spoken} proxy, and {address} is to be reached through it: "
            "the engine speaks to http and https proxies only.",
            hint=f"Name an http:// proxy, unset it, or name {host} in NO_PROXY.",
        )
    return Proxy(url=url, variable=variable)


def _parts(address: str) -> tuple[str, str]:
    """Return scheme and host, the host empty where the address is none."""
    try:
        parts = urlsplit(address)
        is_whole = parts.port is None or parts.port > 0
    except ValueError:
        return "", ""
    return parts.scheme.lower(), (parts.hostname or "") if is_whole else ""


def _is_here(host: str) -> bool:
    """Whether a host is this machine, which no proxy could reach for us."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
