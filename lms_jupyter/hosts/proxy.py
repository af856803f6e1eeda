"""Keeps a proxy from standing between us and the address that the user named."""

import os

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
EXCEPTIONS = ("no_proxy", "NO_PROXY")


def go_direct(address: str) -> None:
    """Except a host from the proxies of this process.

    The SDK opens its sockets through whatever proxy the environment names and cannot be told
    otherwise; a model server on this machine or in this house is never behind one.
    """
    if not any(os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES):
        return
    host = address.rpartition(":")[0]
    for name in EXCEPTIONS:
        excepted = [part for part in os.environ.get(name, "").split(",") if part]
        if host not in excepted:
            os.environ[name] = ",".join([*excepted, host])
