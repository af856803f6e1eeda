"""Addresses of hosts: as people write them, as they are kept, and the URLs that they stand for.

One is `host:port`; of a host behind a proxy that speaks TLS it is `https://host:port`, with the
path before it if the proxy has one for each of the servers behind it.
"""

import re

from lms_jupyter.errors import CommandError

DEFAULT_PORT = 1234
TLS_PORT = 443
TLS = "https://"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_SERVER = (
    r"(?P<host>\[[0-9a-fA-F:]+\]|[^\s:/\[\]@?#\x00-\x1f\x7f\ud800-\udfff]+)(?::(?P<port>\d{1,5}))?"
)
_PLAIN = re.compile(_SERVER)
_SECURE = re.compile(rf"(?:https|wss)://{_SERVER}(?P<path>(?:/[^\s?#]*)?)", re.IGNORECASE)
_PORTS = range(1, 65_536)


def normal_address(text: str) -> str:
    """Return the address that a user wrote, with its port.

    >>> normal_address("localhost")
    'localhost:1234'
    >>> normal_address("wss://gpu.example/lms/")
    'https://gpu.example:443/lms'

    Raises:
        CommandError: It is none; what looks like a password in it is not repeated.
    """
    text = text.strip()
    secure = _SECURE.fullmatch(text)
    match = secure or _PLAIN.fullmatch(text)
    port = int(match["port"] or (TLS_PORT if secure else DEFAULT_PORT)) if match else 0
    if match is None or port not in _PORTS or not _could_be_asked(match["host"]):
        raise _none(text)
    server = f"{match['host']}:{port}"
    return f"{TLS}{server}{secure['path'].rstrip('/')}" if secure else server


def _could_be_asked(host: str) -> bool:
    """Whether httpx makes a URL of it: it knows what the names of servers look like."""
    import httpx  # noqa: PLC0415 - heavy, and needed for what a user writes alone

    try:
        return bool(httpx.URL(f"http://{host}").host)
    except (httpx.InvalidURL, UnicodeError):
        return False


def is_secure(address: str) -> bool:
    """Whether what is said to an address is encrypted."""
    return address.startswith(TLS)


def is_protected(address: str) -> bool:
    """Whether nobody between here and there can read what is said."""
    return is_secure(address) or server_of(address)[0] in LOOPBACK


def url_of(address: str) -> str:
    """Return the URL that paths of the host's HTTP calls come behind.

    >>> url_of("gpu.example:1234"), url_of("https://gpu.example:443/lms")
    ('http://gpu.example:1234', 'https://gpu.example:443/lms')
    """
    return address if is_secure(address) else f"http://{address}"


def real_url(url: str) -> str:
    """Return the URL that is meant by one of the SDK's, which puts its scheme before any address.

    >>> real_url("ws://https://gpu.example:443/llm"), real_url("ws://gpu.example:1234/llm")
    ('wss://gpu.example:443/llm', 'ws://gpu.example:1234/llm')
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}s://{rest.removeprefix(TLS)}" if rest.startswith(TLS) else url


def server_of(address: str) -> tuple[str, int]:
    """Return the machine and the port of an address.

    >>> server_of("https://gpu.example:443/lms")
    ('gpu.example', 443)
    """
    host, _, port = address.removeprefix(TLS).partition("/")[0].rpartition(":")
    return host, int(port)


def _none(text: str) -> CommandError:
    shown = "What was written" if "@" in text else repr(text)
    is_plain = re.match(r"(?:http|ws)://", text, re.IGNORECASE)
    rest = "without http://" if is_plain else "or https://host behind a proxy"
    hint = f"Write host:port, for example 127.0.0.1:1234, {rest}."
    return CommandError(f"{shown} is no address of a host.", hint=hint)
