"""What one instance takes of a GPU, and which users of a host wait for it."""

from msgspec import Struct


class GpuShare(Struct, frozen=True, kw_only=True):
    """What one instance takes on one GPU."""

    gpu_id: str
    memory_bytes: int


class WaitingUser(Struct, frozen=True, kw_only=True):
    """A user whose requests have not had their turn at an instance."""

    user: str
    """Empty for the owner of the host."""
    requests: int
    waits_for: tuple[str, ...] = ()
    """The users whose requests are at work there."""
