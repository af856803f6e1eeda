"""The certificates that hosts behind TLS are known by, ready for use.

To read those of all authorities takes some 20 ms, so it is done once, and only for a host that
speaks TLS.
"""

import ssl
from pathlib import Path

import httpx

from lms_jupyter.errors import CommandError, HostUnreachableError
from lms_jupyter.hosts.addresses import is_secure
from lms_jupyter.hosts.host_names import known_at

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What clients of `http://` get as `verify`: it trusts nobody, should anything ask for TLS.

httpx reads the certificates of all authorities for every client it makes, also where the address
begins with http:// or ws://, and the event loop stands still meanwhile.
"""

_contexts: dict[tuple[str, float], ssl.SSLContext] = {}
"""By the file of a certificate, and when that was last changed."""


def trust(address: str) -> ssl.SSLContext:
    """Return what decides whether the host at an address is the one; blocks shortly at first.

    Raises:
        CommandError: The certificate that was named for it cannot be read.
    """
    if not is_secure(address):
        return NO_TLS
    known = known_at(address)
    return trusting(known.certificate if known is not None else "")


def trusting(file: str) -> ssl.SSLContext:
    """Return what trusts the system's authorities, and a certificate in a file if one is named.

    Raises:
        CommandError: There is none in that file.
    """
    try:
        key = (file, Path(file).stat().st_mtime if file else 0.0)
        if key not in _contexts:
            context = httpx.create_ssl_context(trust_env=False)
            # The system's own too, and what SSL_CERT_FILE names: a company has its own authority.
            context.load_default_certs()
            if file:
                context.load_verify_locations(file)
            _contexts[key] = context
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise CommandError(
            f"{file} holds no certificate that can be read: {reason}.",
            hint="Name a file in PEM form: the host's own certificate, or its authority's.",
        ) from error
    return _contexts[key]


def untrusted(address: str, error: BaseException | None) -> HostUnreachableError | None:
    """Return our error if a connection failed since the host's certificate is not trusted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return HostUnreachableError(
                f"The certificate of {address} is not trusted: {error.verify_message}.",
                hint="If it is your own, name the file of it or of its authority: "
                f"%lms host add NAME {address} --ca FILE",
            )
        error = error.__cause__ or error.__context__
    return None
