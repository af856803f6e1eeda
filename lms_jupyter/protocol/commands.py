"""What may be asked of a manager, by a button or a magic."""

from msgspec import Struct

from lms_jupyter.protocol.loads import LoadRequest
from lms_jupyter.protocol.models import Keep, LoadConfig, Profile


class UnloadInstance(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="unload", tag_field="kind"
):
    """End an instance and give its memory back."""

    identifier: str
    instance_reference: str | None = None
    """Which one exactly, where several devices have one of this name."""
    forget: bool = False
    """Remove also what the host keeps of prompts that its model has read; feature "forget"."""


class LoadAgain(Struct, frozen=True, kw_only=True, tag="load_again", tag_field="kind"):
    """Load what was unloaded a moment ago as it was: settings, identifier, TTL and pin."""

    instance_reference: str
    """The host's handle of the instance that was."""


class CancelLoad(Struct, frozen=True, kw_only=True, tag="cancel_load", tag_field="kind"):
    """Call off a load in progress."""

    load_id: str


class SetTtl(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="set_ttl", tag_field="kind"
):
    """Give an instance another TTL, counted from now on. Hosts with the feature "ttl" only."""

    identifier: str
    ttl_s: float | None
    """`None`: it stays until it is unloaded."""
    instance_reference: str | None = None
    """Which one exactly, where several devices have one of this name."""


class ReloadInstance(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="reload", tag_field="kind"
):
    """Load an instance again as it is, with another TTL: for hosts without the feature "ttl"."""

    identifier: str
    ttl_s: float | None
    """`None`: it stays until it is unloaded."""
    instance_reference: str | None = None
    """Which one exactly, where several devices have one of this name."""


class PinInstance(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="pin", tag_field="kind"
):
    """Keep an instance from expiring and from being evicted. Hosts with the feature "pin" only."""

    identifier: str
    pinned: bool
    instance_reference: str | None = None
    """Which one exactly, where several devices have one of this name."""


class KeepInstance(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="keep", tag_field="kind"
):
    """Keep an instance while a notebook is open or until a time, whatever its TTL."""

    identifier: str
    keep: Keep | None
    """By the clock of whoever asks; `None`: its TTL counts again, from now on."""
    instance_reference: str | None = None
    """Which one exactly, where several devices have one of this name."""


class EstimateLoad(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="estimate", tag_field="kind"
):
    """Ask how much memory a load would take; answered with `Estimated`."""

    model_key: str
    config: LoadConfig = LoadConfig()
    fit: str | None = None
    """As `LoadRequest.fit`: the estimate is of what was found."""
    device: str | None = None
    """As `LoadRequest.device`."""


class DeleteModel(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="delete_model", tag_field="kind"
):
    """Take a model off the host's disk. Hosts with the feature "deleteModel" only."""

    model_key: str
    permanently: bool = False
    """Not to the bin of the host's machine, where it has one."""


class DownloadModel(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="download", tag_field="kind"
):
    """Fetch a model to the host's disk."""

    name: str
    """As `Downloadable.name`, or words that only one model fits."""
    quantization: str | None = None
    """`None`: the one that the host recommends."""
    bytes_per_second: float | None = None
    """How fast it may come at most, where the host can be told."""


class PauseDownload(Struct, frozen=True, kw_only=True, tag="pause_download", tag_field="kind"):
    """Stop a download and keep what is there. Where `Download.can_pause` says so."""

    download_id: str


class ResumeDownload(Struct, frozen=True, kw_only=True, tag="resume_download", tag_field="kind"):
    """Go on with a download that was paused, or try one again that failed."""

    download_id: str


class CancelDownload(Struct, frozen=True, kw_only=True, tag="cancel_download", tag_field="kind"):
    """Call a download off and remove what there is of it, where the host can."""

    download_id: str


class FindDownloads(Struct, frozen=True, kw_only=True, tag="find_downloads", tag_field="kind"):
    """Ask what could be fetched; answered with `Found`."""

    words: str
    """A name, or words to search for."""


class ListHosts(Struct, frozen=True, kw_only=True, tag="list_hosts", tag_field="kind"):
    """Ask which hosts answer; answered with `Hosts`."""


class SwitchHost(Struct, frozen=True, kw_only=True, tag="switch_host", tag_field="kind"):
    """Go over to another host, one of those that `ListHosts` has named."""

    address: str


class WakeStudio(Struct, frozen=True, kw_only=True, tag="wake_studio", tag_field="kind"):
    """Start the LM Studio that is installed and does not run."""


class ListProfiles(Struct, frozen=True, kw_only=True, tag="list_profiles", tag_field="kind"):
    """Ask for the named load settings; answered with `Profiles`."""


class SaveProfile(Struct, frozen=True, kw_only=True, tag="save_profile", tag_field="kind"):
    """Keep load settings under a name; one that is there is replaced."""

    profile: Profile


class DismissProblem(Struct, frozen=True, kw_only=True, tag="dismiss", tag_field="kind"):
    """Take a problem off the list: somebody has read it."""

    problem_id: str


class Attend(Struct, frozen=True, kw_only=True, tag="attend", tag_field="kind"):
    """Say that a front end is looking, or has stopped looking.

    Watching costs nothing when nobody looks, so a visible front end says this again before
    `manager.viewers.VIEWER_TIMEOUT_S` has passed.
    """

    viewer: str
    visible: bool


class Refresh(Struct, frozen=True, kw_only=True, tag="refresh", tag_field="kind"):
    """Read the host now, the disk included."""


class ReadDiary(Struct, frozen=True, kw_only=True, tag="read_diary", tag_field="kind"):
    """Ask what was in memory, or of one instance what it was asked; answered with `Diary`."""

    since: float = 0.0
    """By the host's clock: what ended before is left out."""
    instance_reference: str | None = None
    """Of this instance its last requests and its settings."""


Question = EstimateLoad | FindDownloads | ListHosts | ListProfiles | ReadDiary
"""What changes nothing, and is done when it is answered."""

Command = (
    LoadRequest
    | UnloadInstance
    | LoadAgain
    | CancelLoad
    | SetTtl
    | ReloadInstance
    | PinInstance
    | DeleteModel
    | KeepInstance
    | DownloadModel
    | PauseDownload
    | ResumeDownload
    | CancelDownload
    | SwitchHost
    | WakeStudio
    | SaveProfile
    | DismissProblem
    | Attend
    | Refresh
    | Question
)


class Envelope(Struct, frozen=True, kw_only=True):
    """A command on its way: which click it was, and until when it makes sense."""

    rid: str
    """Names this click. A command with an `rid` that was seen is not run again."""
    expires_at: float | None = None
    """Unix seconds by the host's clock, as `Activity.now` tells it; later it is refused."""
    command: Command
