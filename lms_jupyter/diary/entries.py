"""What stands in the diary. Pure."""

from typing import Literal, TypeAlias

from msgspec import Struct


class Stay(Struct, frozen=True, kw_only=True):
    """An instance from the end of its load to its own end."""

    host: str
    """Whose memory it was: "engine", or the address of an LM Studio."""
    reference: str
    """The host's handle of the instance."""
    identifier: str
    model_key: str
    client: str = ""
    """Who loaded it: a notebook's path, a program's name."""
    device: str = ""
    context_length: int | None = None
    memory_bytes: int | None = None
    """The most that was measured of it."""
    gpu_bytes: int | None = None
    loaded_at: float
    """Unix seconds."""
    load_s: float | None = None
    seen_at: float
    """When it was surely there the last time."""
    ended_at: float | None = None
    why: str = ""
    """Why it ended: "unloaded", "expired", "evicted", "crashed", …"""
    ended_by: str = ""


class PastRequest(Struct, frozen=True, kw_only=True):
    """A request that has ended, however it did."""

    host: str
    reference: str
    identifier: str
    model_key: str
    client: str = ""
    kind: str = "chat"
    """"chat" or "embedding"."""
    at: float
    """When it began; Unix seconds."""
    seconds: float = 0.0
    first_token_s: float | None = None
    prompt_tokens: int = 0
    predicted_tokens: int = 0
    tokens_per_second: float | None = None
    ending: str = ""
    """As LM Studio names it: "eosFound", "userStopped", …"""
    energy_j: float | None = None
    """Its share of what the machine took meanwhile, where the machine tells it."""
    text: str | None = None
    """The answer; only where the user has turned that on."""


class Refusal(Struct, frozen=True, kw_only=True):
    """A load that came to nothing."""

    host: str
    model_key: str
    client: str = ""
    at: float
    code: str = ""
    """What kind of error it was."""
    why: str = ""


Entry: TypeAlias = Stay | PastRequest | Refusal
By: TypeAlias = Literal["notebook", "model", "day"]


class Sum(Struct, frozen=True, kw_only=True):
    """What comes together under one notebook, model or day."""

    name: str
    loads: int = 0
    refused: int = 0
    evicted: int = 0
    seconds: float = 0.0
    """In memory, of all instances together."""
    requests: int = 0
    prompt_tokens: int = 0
    predicted_tokens: int = 0
    tokens_per_second: float | None = None
    """Of all that was generated, by the time that this took."""
    energy_j: float | None = None


class Load(Stay, frozen=True, kw_only=True):
    """An instance, and what it was asked; or a load that was refused, which has no reference."""

    seconds: float = 0.0
    """In memory, so far."""
    requests: int = 0
    prompt_tokens: int = 0
    predicted_tokens: int = 0
    tokens_per_second: float | None = None
    energy_j: float | None = None


class Pages(Struct, frozen=True, kw_only=True):
    """What was asked for of the diary; each part newest first."""

    stays: tuple[Stay, ...] = ()
    requests: tuple[PastRequest, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class Query(Struct, frozen=True, kw_only=True):
    """What is asked of the diary."""

    since: float = 0.0
    """Unix seconds; what ended before is left out."""
    host: str | None = None
    reference: str | None = None
    """Of one instance alone."""
    most: int = 1000
    """So many of each kind, the newest."""
