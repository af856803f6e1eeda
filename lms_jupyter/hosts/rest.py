"""The HTTP calls of a host that need no session: the greeting that identifies it."""

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from lms_jupyter.errors import HostRefusedError, HostUnreachableError
from lms_jupyter.hosts.announcements import announced_token
from lms_jupyter.hosts.certificates import untrusted
from lms_jupyter.hosts.reading import reads, rows, text
from lms_jupyter.hosts.straight import probe_timeout_s, straight_client
from lms_jupyter.protocol.models import HostInfo

OPERATIONS = 4
"""How many times as long a whole greeting may take as one of its parts."""
ENGINE_PACKAGE = "lms-jupyter-engine"
REFUSALS = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a host says of itself before any session."""

    address: str
    package: str | None
    version: str | None
    features: tuple[str, ...]
    wants_token: bool = False
    """Whether it lets nobody in without a token; only an embedded engine says so."""
    is_proven: bool = False
    """Whether it is the engine that is announced at this address: it has the same token."""

    @property
    def is_engine(self) -> bool:
        """Whether it is an embedded engine of ours."""
        return self.package == ENGINE_PACKAGE

    @property
    def name(self) -> str:
        """What people call it."""
        return "Embedded engine" if self.is_engine else "LM Studio"

    def info(self, given_name: str | None) -> HostInfo:
        """Return who it is, and what the user calls it."""
        return HostInfo(
            name=self.name,
            address=self.address,
            version=self.version,
            given_name=given_name,
            features=self.features,
        )


async def greet(address: str, *, timeout_s: float | None = None) -> Greeting:
    """Ask who is there; an engine of this user also has to prove that it is the one.

    Raises:
        HostUnreachableError: Nobody answers in time, or somebody who is no LM Studio host.
        HostRefusedError: Whoever answers wants to know who asks.
        HostReplyError: It says of itself what cannot be read.
    """
    timeout_s = timeout_s or probe_timeout_s(address)
    token, challenge = announced_token(address), secrets.token_hex(16)
    async with await straight_client(address, timeout_s=timeout_s) as client:
        try:
            # The client counts between two bytes: a host may send one now and then for ever.
            async with asyncio.timeout(timeout_s * OPERATIONS):
                greeting = await _json(client, "/lmstudio-greeting")
                if not isinstance(greeting, dict) or greeting.get("lmstudio") is not True:
                    raise _stranger(address)
                question = f"?challenge={challenge}" if token else ""
                status = await _json(client, f"/lms-status{question}")
        except (httpx.HTTPError, TimeoutError) as error:
            raise untrusted(address, error) or HostUnreachableError(
                f"Nothing answers at {address}.",
                hint="Is LM Studio running there, with its server switched on?",
            ) from error
    fields = status if isinstance(status, dict) else {}
    is_proven = token is not None and _proves(fields.get("proof"), token, challenge)
    return _greeting(address, fields, is_proven=is_proven)


@reads("itself")
def _greeting(address: str, fields: dict[str, Any], *, is_proven: bool) -> Greeting:
    package, version = fields.get("package"), fields.get("version")
    return Greeting(
        address=address,
        package=None if package is None else text(package),
        version=None if version is None else text(version),
        features=tuple(map(text, rows(fields.get("extensions", [])))),
        wants_token=fields.get("authentication") is True,
        is_proven=is_proven,
    )


def _proves(proof: Any, token: str, challenge: str) -> bool:
    """Whether somebody could say to a challenge what only who has the token can say."""
    right = hmac.new(token.encode(), challenge.encode(), "sha256").hexdigest()
    return isinstance(proof, str) and hmac.compare_digest(
        proof.encode(errors="replace"), right.encode()
    )


async def _json(client: httpx.AsyncClient, path: str) -> Any:
    """Return the parsed body, `None` if there is none that can be parsed."""
    response = await client.get(path)
    if response.status_code in REFUSALS:
        raise HostRefusedError(
            f"{client.base_url.netloc.decode()} refuses to say who it is (HTTP "
            f"{response.status_code}).",
            hint="A gateway may stand before LM Studio: name LM Studio's own address.",
        )
    try:
        return response.json() if response.is_success else None
    except (ValueError, RecursionError):
        return None


def _stranger(address: str) -> HostUnreachableError:
    return HostUnreachableError(
        f"Something answers at {address}, but it is no LM Studio host.",
        hint="Check the port: LM Studio's own is 1234 unless you changed it.",
    )
