"""What may be asked of a manager, by a button or a magic."""

from msgspec import Struct

from lms_jupyter.protocol.models import LoadConfig


class LoadModel(Struct, frozen=True, kw_only=True, tag="load", tag_field="kind"):
    """Make a new instance of a model, whatever is in memory already."""

    model_key: str
    identifier: str | None = None
    """`None`: the host makes one."""
    ttl_s: float | None = None
    """`None`: it stays until it is unloaded."""
    config: LoadConfig = LoadConfig()


class EnsureModel(Struct, frozen=True, kw_only=True, tag="ensure", tag_field="kind"):
    """Use an instance of the model that has the settings named here, else load one.

    An instance that is there keeps its TTL, whatever `ttl_s` says.
    """

    model_key: str
    identifier: str | None = None
    ttl_s: float | None = None
    config: LoadConfig = LoadConfig()


class UseModel(Struct, frozen=True, kw_only=True, tag="use", tag_field="kind"):
    """Use what is in memory under this name, else load it, as the SDK's `.model()` does.

    TTL and config count only if this loads it; what is there is taken as it is.
    """

    name: str
    """An identifier or a model key."""
    ttl_s: float | None = None
    config: LoadConfig = LoadConfig()


class UnloadInstance(Struct, frozen=True, kw_only=True, tag="unload", tag_field="kind"):
    """End an instance and give its memory back."""

    identifier: str


class CancelLoad(Struct, frozen=True, kw_only=True, tag="cancel_load", tag_field="kind"):
    """Call off a load in progress."""

    load_id: str


class SetTtl(Struct, frozen=True, kw_only=True, tag="set_ttl", tag_field="kind"):
    """Give an instance another TTL, counted from now on. Hosts with the feature "ttl" only."""

    identifier: str
    ttl_s: float | None
    """`None`: it stays until it is unloaded."""


class PinInstance(Struct, frozen=True, kw_only=True, tag="pin", tag_field="kind"):
    """Keep an instance from expiring and from being evicted. Hosts with the feature "pin" only."""

    identifier: str
    pinned: bool


class EstimateLoad(Struct, frozen=True, kw_only=True, tag="estimate", tag_field="kind"):
    """Ask how much memory a load would take; answered with `Estimated`."""

    model_key: str
    config: LoadConfig = LoadConfig()


class DismissProblem(Struct, frozen=True, kw_only=True, tag="dismiss", tag_field="kind"):
    """Take a problem off the list: somebody has read it."""

    problem_id: str


class Attend(Struct, frozen=True, kw_only=True, tag="attend", tag_field="kind"):
    """Say that a front end is looking, or has stopped looking.

    Watching costs nothing when nobody looks, so a visible front end says this again before
    `manager.attendance.LEASE_S` has passed.
    """

    viewer: str
    visible: bool


class Refresh(Struct, frozen=True, kw_only=True, tag="refresh", tag_field="kind"):
    """Read the host now, the disk included."""


Command = (
    LoadModel
    | EnsureModel
    | UseModel
    | UnloadInstance
    | CancelLoad
    | SetTtl
    | PinInstance
    | EstimateLoad
    | DismissProblem
    | Attend
    | Refresh
)


class Envelope(Struct, frozen=True, kw_only=True):
    """A command on its way: which click it was, and until when it makes sense."""

    rid: str
    """Names this click. A command with an `rid` that was seen is not run again."""
    expires_at: float | None = None
    """Unix seconds by the host's clock, as `Activity.now` tells it; later it is refused."""
    command: Command
