"""The hosts that this user has given names: where each is, and whether a token of it is kept.

What stands in the list is no secret; tokens are in `host_tokens`.
"""

import contextlib
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
from filelock import Timeout

from lms_jupyter.errors import CommandError, HostError, LmsError
from lms_jupyter.hosts import host_tokens
from lms_jupyter.hosts.addresses import normal_address
from lms_jupyter.hosts.forks import fork_safe_lock
from lms_jupyter.hosts.own_files import private, read_own, write_own
from lms_jupyter.hosts.state_folder import UserLock, state_folder
from lms_jupyter.hosts.tokens import Token, parts

RESERVED = frozenset(
    ("add", "auto", "list", "localhost", "ls", "rm", "show", "start", "stop", "use", "wake")
)
"""What already means something else where a host is named."""
CHANGE_TIMEOUT_S = 10.0
ASK_AGAIN_S = 60.0
"""How long a keyring that did not answer is left alone."""

_NAME = re.compile(r"[^\W\d_][\w.-]{0,62}")
_lock = fork_safe_lock()
_answers: dict[tuple[str, str], tuple[float, Token | None]] = {}
"""What the keyring said, and when, by address and mark: to ask it takes long."""


class NamedHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that has a name."""

    name: str
    address: str
    certificate: str = ""
    """The file of the authority, or of the certificate itself, that it is known by; empty: one of
    the system's."""
    token: host_tokens.Place = ""
    """Where its token is kept; never the token itself."""
    mark: str = ""
    """Another one each time that it is written down, so that nobody uses an old token."""


def names_path() -> Path:
    """Return the file of the list."""
    return private(state_folder()) / "hosts.json"


def named_hosts() -> tuple[NamedHost, ...]:
    """Return the list.

    Raises:
        CommandError: It cannot be read.
        HostError: Its folder is somebody else's.
    """
    written = read_own(names_path())
    if written is None:
        return ()
    try:
        return msgspec.json.decode(written, type=tuple[NamedHost, ...])
    except msgspec.MsgspecError as error:
        raise CommandError(
            f"{names_path()} is no list of hosts: {error}.",
            hint="Mend it by hand, or remove it and name your hosts again.",
        ) from error


def known_hosts() -> tuple[NamedHost, ...]:
    """Return the list for whoever can do without it."""
    try:
        return named_hosts()
    except (LmsError, OSError):
        return ()


def known_at(address: str) -> NamedHost | None:
    """Return the host at an address, if it has a name."""
    return next((known for known in known_hosts() if known.address == address), None)


def given_name(address: str) -> str | None:
    """Return what the user calls the host at an address."""
    known = known_at(address)
    return None if known is None else known.name


def address_of(text: str) -> str:
    """Return the address that a user means: a name of the list, or an address.

    Raises:
        CommandError: It is neither.
    """
    wanted = text.strip()
    if _NAME.fullmatch(wanted):
        for known in named_hosts():
            if known.name == wanted:
                return known.address
    return normal_address(text)


def kept_token(address: str) -> Token | None:
    """Return the token that is kept for the host at an address; may take as long as a keyring."""
    known = next((host for host in known_hosts() if host.address == address and host.token), None)
    if known is None:
        return None
    if known.token == host_tokens.FILE:
        return host_tokens.kept(address, known.token)
    key, now = (address, known.mark), time.monotonic()
    asked_at, token = _answers.get(key, (0.0, None))
    if key not in _answers or (token is None and now - asked_at > ASK_AGAIN_S):
        token = host_tokens.kept(address, known.token)
        _answers[key] = (now, token)
    return token


def add(
    name: str,
    address: str,
    *,
    token: str | None = None,
    certificate: str = "",
    replaces: bool = True,
) -> NamedHost:
    """Write a host down, in the place of what had its name before.

    Args:
        name: What it is to be called.
        address: Where it is.
        token: Its API token, to be kept; `None`: the one that is kept for this address stays.
        certificate: The file of what its certificate is signed by.
        replaces: Whether another host may lose its name to this one.

    Raises:
        CommandError: The name, the address, the token or the certificate is none.
    """
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise _bad_name(name)
    where = normal_address(address)
    if token is not None:
        parts(token)
    with _alone():
        others = [known for known in named_hosts() if known.name != name]
        former = next((known for known in named_hosts() if known.name == name), None)
        if former is not None and not replaces:
            raise _taken(name)
        place: host_tokens.Place = next(
            (known.token for known in named_hosts() if known.address == where), ""
        )
        if token is not None:
            place = host_tokens.keep(where, token.strip())
        mark = uuid.uuid4().hex[:8]
        entry = NamedHost(name=name, address=where, certificate=certificate, token=place, mark=mark)
        same = [
            msgspec.structs.replace(known, token=place, mark=mark)
            if known.address == where
            else known
            for known in others
        ]
        _write([*same, entry])
        if former is not None and all(known.address != former.address for known in [*same, entry]):
            host_tokens.forget(former.address, former.token)
    return entry


def rename(name: str, to: str) -> NamedHost:
    """Call a host something else; its token and its certificate stay.

    Raises:
        CommandError: No host is called like this, another one is called like that already, or
            that is no name.
    """
    if not _NAME.fullmatch(to) or to in RESERVED:
        raise _bad_name(to)
    with _alone():
        listed = named_hosts()
        former = _one_of(listed, name)
        if to != name and any(known.name == to for known in listed):
            raise _taken(to)
        entry = msgspec.structs.replace(former, name=to)
        _write([entry if known is former else known for known in listed])
    return entry


def remove(name: str) -> NamedHost:
    """Forget a host, and its token with it unless it has another name as well.

    Raises:
        CommandError: No host is called like this.
    """
    with _alone():
        listed = named_hosts()
        gone = _one_of(listed, name)
        rest = [known for known in listed if known is not gone]
        _write(rest)
        if all(known.address != gone.address for known in rest):
            host_tokens.forget(gone.address, gone.token)
    return gone


def _taken(name: str) -> CommandError:
    return CommandError(f"A host is called {name!r} already.", hint="Choose another name.")


def _bad_name(name: str) -> CommandError:
    return CommandError(
        f"{name!r} cannot be the name of a host.",
        hint="Begin with a letter and go on with letters, digits, - or _; `list`, `use` and "
        "other words of `%lms host` are taken.",
    )


def _one_of(listed: tuple[NamedHost, ...], name: str) -> NamedHost:
    """Return the host that is called like this.

    Raises:
        CommandError: None is.
    """
    found = next((known for known in listed if known.name == name), None)
    if found is None:
        names = ", ".join(known.name for known in listed)
        raise CommandError(
            f"No host is called {name!r}.",
            hint=f"There are: {names}." if names else "None has a name yet: %lms host add",
        )
    return found


def _write(listed: list[NamedHost]) -> None:
    try:
        write_own(names_path(), msgspec.json.encode(listed))
    except OSError as error:
        raise CommandError(
            f"{names_path()} cannot be written: {error.strerror or error}.",
            hint="Make room, or set XDG_STATE_HOME to a folder that you may write to.",
        ) from error


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let nobody else change the list: threads of this process and other processes."""
    lock = UserLock("hosts.lock", CHANGE_TIMEOUT_S)
    with _lock:
        try:
            lock.acquire()
        except Timeout as error:
            raise HostError(
                f"Another process has been changing the hosts for {CHANGE_TIMEOUT_S:g} s.",
                hint=f"If there is none, remove {error.lock_file} and try again.",
            ) from error
        try:
            yield
        finally:
            lock.release()
