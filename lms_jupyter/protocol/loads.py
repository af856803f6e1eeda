"""The one request by which anything gets an instance of a model."""

from typing import Final, Literal

from msgspec import Struct

from lms_jupyter.protocol.models import Instance, Keep, LoadConfig

LOCAL: Final = ""
"""Where a device is named: the host itself, and no other machine on its LM Link."""

LoadMode = Literal["new", "ensure", "use"]
"""`new` always makes another instance, as the SDK's `.load_new_instance()` does. `ensure` uses an
instance of the model that has the settings named, loads one if there is none, and reloads one of
this kernel's that differs. `use` takes what is in memory as it is, else loads it, as `.model()`."""


class LoadRequest(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="load", tag_field="kind"
):
    """Get an instance of a model: what a button, a magic, a function and an undo all send."""

    model_key: str
    """A key, a variant or a path; with the mode `use` an identifier as well."""
    mode: LoadMode = "ensure"
    identifier: str | None = None
    """`None`: the host makes one."""
    ttl_s: float | None = None
    """`None`: it stays until it is unloaded. It counts only if this loads the model."""
    config: LoadConfig = LoadConfig()
    sources: dict[str, str] = {}
    """Setting → where it was named, if not with the load itself: `--profile fast`, `mine.toml`."""
    fit: str | None = None
    """`max`, `85%` or `leave=4GB`: the longest context that fits, or what else makes it fit if the
    context is named. Found before the load; `None`: what `config` says."""
    device: str | None = None
    """A machine on the host's LM Link, or empty for the host itself; `None`: any, and for a load
    the host decides."""
    where: str | None = None
    """What its device has to be like, such as `vram>20GB,label=lab`: for gateways of a fleet."""
    replicas: int = 1
    """On how many devices of a fleet, under one identifier; more than one makes new instances."""
    keep: Keep | None = None
    """What keeps it instead of its TTL, by the clock of whoever asks; `None`: its TTL counts."""
    ttl_is_default: bool = False
    """Whether nobody has named a TTL, so that a rule of the user's may say another."""
    pin: bool = False
    """Pin it once it is loaded, where the host can."""
    rule: str = ""
    """The rule of the user's that said how long it stays."""
    lease: bool = True
    """Whether it goes when the kernel does that asked for it."""
    reload: bool = False
    """Reload an instance with other settings even if somebody else loaded it."""
    join: bool = False
    """Take the load of the same model that is under way, if there is one, rather than make a second
    copy: a click that comes at the same moment as a cell. Hosts with the feature "join" look in the
    same moment in which they would begin a load."""

    @classmethod
    def like(
        cls,
        instance: Instance,
        config: LoadConfig,
        *,
        mode: LoadMode = "ensure",
        lease: bool = True,
    ) -> "LoadRequest":
        """Return what asks for an instance again, under its name, on its device, with its TTL."""
        return cls(
            model_key=instance.model_key,
            mode=mode,
            identifier=instance.identifier,
            ttl_s=instance.ttl_s,
            keep=instance.keep,
            config=config,
            device=instance.device or LOCAL,
            lease=lease,
        )
