"""Keeps a proxy from standing between us and the address that the user named."""

import os

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
EXCEPTIONS = ("no_proxy", "NO_PROXY")

_found: dict[str, str | None] = {}
"""What the variables of exceptions held before we added to them."""
_left: dict[str, str] = {}
"""What we made of them."""


def go_direct(address: str) -> None:
    """Except a host from the proxies of this process.

    The SDK opens its sockets through whatever proxy the environment names and cannot be told
    otherwise; a model server on this machine or in this house is never behind one.
    """
    if not any(os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES):
        return
    host = address.rpartition(":")[0].strip("[]")
    for name in EXCEPTIONS:
        excepted = [part for part in os.environ.get(name, "").split(",") if part]
        if host not in excepted:
            _found.setdefault(name, os.environ.get(name))
            os.environ[name] = _left[name] = ",".join([*excepted, host])


def go_back() -> None:
    """Put the environment back as it was, but not over what somebody else has set since."""
    for name, before in _found.items():
        if os.environ.get(name) != _left[name]:
            continue
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
    _found.clear()
    _left.clear()
