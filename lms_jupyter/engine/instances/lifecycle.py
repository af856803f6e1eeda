"""The states of an instance and the legal moves between them. Pure.

    LOADING ──Loaded──▶ READY ──UnloadBegan──▶ UNLOADING ──Ended──▶ GONE
       └───────────────────┴────────────Ended──────────────────────▶ GONE

A load that fails or is cancelled, and a worker process that dies, go straight to GONE.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias, assert_never


class Phase(Enum):
    """How far an instance is in its life."""

    LOADING = "loading"
    READY = "ready"
    UNLOADING = "unloading"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Moment:
    """One point in time on two clocks: `monotonic_s` for timers, `unix_s` for people."""

    monotonic_s: float
    unix_s: float


@dataclass(frozen=True, slots=True)
class Keep:
    """What keeps an instance in memory instead of a TTL; other models and programs cannot end it.

    `until_s` is a time by the clock of the machine; without it, somebody who is there keeps it.
    """

    until_s: float | None = None

    def left_s(self, at: Moment) -> float | None:
        """Return for how long yet it keeps it; `None` until somebody lets it go."""
        return None if self.until_s is None else max(0.0, self.until_s - at.unix_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that decides what may happen to an instance next."""

    phase: Phase = Phase.LOADING
    fraction: float = 0.0
    in_flight: int = 0
    ttl_s: float | None = None
    pinned: bool = False
    keep: Keep | None = None
    idle_since: Moment | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it is loaded and nobody wants anything of it."""
        return self.phase is Phase.READY and not self.in_flight

    @property
    def due_s(self) -> float | None:
        """Return the monotonic second at which the TTL ends, or `None` while it does not count."""
        if not self.is_idle or self.pinned or self.keep is not None:
            return None
        if self.ttl_s is None or self.idle_since is None:
            return None
        return self.idle_since.monotonic_s + self.ttl_s

    def left_s(self, at: Moment) -> float | None:
        """Return in how many seconds it ends if nobody uses it, or `None` if it stays."""
        if self.keep is not None and self.is_idle and not self.pinned:
            return self.keep.left_s(at)
        return None if self.due_s is None else max(0.0, self.due_s - at.monotonic_s)


@dataclass(frozen=True, slots=True)
class Progressed:
    """The load moved forward to this fraction."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The load succeeded; idleness counts from here."""

    at: Moment


@dataclass(frozen=True, slots=True)
class RequestBegan:
    """Somebody wants something of the instance."""

    at: Moment


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """A request is over, well or not."""

    at: Moment


@dataclass(frozen=True, slots=True)
class TtlChanged:
    """The TTL is another one; with a moment, idleness counts from there."""

    ttl_s: float | None
    restart: Moment | None = None


@dataclass(frozen=True, slots=True)
class PinChanged:
    """The instance was pinned or released."""

    pinned: bool


@dataclass(frozen=True, slots=True)
class KeepChanged:
    """Something keeps the instance, or its TTL counts again: from this moment."""

    keep: Keep | None
    at: Moment


@dataclass(frozen=True, slots=True)
class UnloadBegan:
    """The instance takes no more requests; its process is being ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is gone and its memory with it."""


Event: TypeAlias = (
    Progressed
    | Loaded
    | RequestBegan
    | RequestEnded
    | TtlChanged
    | PinChanged
    | KeepChanged
    | UnloadBegan
    | Ended
)


class IllegalMoveError(Exception):
    """An event that cannot happen in this phase: a mistake in the engine, not of a user."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{type(event).__name__} cannot happen to an instance in {state.phase}.")


def advance(state: State, event: Event) -> State:  # noqa: C901, PLR0911 - one for each move
    """Return the state after the event, or raise `IllegalMoveError`."""
    phase = state.phase
    match event:
        case Progressed(fraction) if phase is Phase.LOADING:
            return replace(state, fraction=min(1.0, max(state.fraction, fraction)))
        case Loaded(at) if phase is Phase.LOADING:
            return replace(state, phase=Phase.READY, fraction=1.0, idle_since=at)
        case RequestBegan(at) if phase is Phase.READY:
            return replace(state, in_flight=state.in_flight + 1, idle_since=at)
        case RequestEnded(at) if state.in_flight and phase is not Phase.LOADING:
            return replace(state, in_flight=state.in_flight - 1, idle_since=at)
        case TtlChanged(ttl_s, restart) if phase in (Phase.LOADING, Phase.READY):
            idle_since = state.idle_since if restart is None else restart
            return replace(state, ttl_s=ttl_s, idle_since=idle_since)
        case PinChanged(pinned) if phase in (Phase.LOADING, Phase.READY):
            return replace(state, pinned=pinned)
        case KeepChanged(keep, at) if phase in (Phase.LOADING, Phase.READY):
            idle_since = at if keep is None and state.idle_since else state.idle_since
            return replace(state, keep=keep, idle_since=idle_since)
        case UnloadBegan() if phase is Phase.READY:
            return replace(state, phase=Phase.UNLOADING)
        case Ended() if phase is not Phase.GONE:
            return replace(state, phase=Phase.GONE)
        case (
            Progressed()
            | Loaded()
            | RequestBegan()
            | RequestEnded()
            | TtlChanged()
            | PinChanged()
            | KeepChanged()
            | UnloadBegan()
            | Ended()
        ):
            raise IllegalMoveError(state, event)
        case _:
            assert_never(event)
