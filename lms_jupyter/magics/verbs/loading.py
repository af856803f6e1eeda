"""Verbs that load: `load`, `model`, `estimate`."""

import argparse
from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from lms_jupyter.api.load_requests import NotebookRequest, completed
from lms_jupyter.api.settings import NOTHING, Recipe, gathered, read_text
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import (
    Argument,
    Completes,
    Flag,
    Verb,
    python_name,
)
from lms_jupyter.magics.verbs.fit_flags import FIT, take_fit, with_max
from lms_jupyter.magics.verbs.presets import PRESET
from lms_jupyter.magics.verbs.setting_flags import flags_of
from lms_jupyter.manager.duration import parse_duration, parse_ttl
from lms_jupyter.manager.keep_words import parse_keep
from lms_jupyter.protocol.fitting import contradiction
from lms_jupyter.protocol.gpu_settings import objection
from lms_jupyter.protocol.load_keys import BY_NAME, LOAD_KEYS
from lms_jupyter.protocol.loads import LoadMode, LoadRequest
from lms_jupyter.protocol.models import LoadConfig


class LoadLine(Struct, frozen=True, kw_only=True):
    """`%lms load` and `%lms model`: a request, and the name of its handle in the notebook."""

    asked: NotebookRequest
    name: str | None = None
    profile: str | None = None
    """A table of `lms_profiles.toml`; read when the line is run."""
    preset: str | None = None
    """A preset of LM Studio's; read when the line is run."""
    file: Path | None = None
    template: Path | None = None
    """A file with a chat template, the setting `prompt_template`."""
    ttl_s: float | UnsetType | None = UNSET
    estimate_only: bool = False

    def complete(self, folder: Path) -> NotebookRequest:
        """Return the request with what its files say; the flags of the line win.

        Raises:
            CommandError: A file or a profile is not there or makes no sense.
        """
        settings = self.asked.request.config
        if self.template is not None:
            template = read_text(folder / self.template.expanduser())
            settings = replace(settings, prompt_template=template)
        own = Recipe(config=settings, ttl_s=self.ttl_s)
        config = NOTHING if self.file is None else self.file
        recipe = gathered(folder, own, config=config, preset=self.preset, profile=self.profile)
        return completed(self.asked, recipe)


_KV_CACHE = Flag(
    names=("--kv-cache",),
    help="type of the whole key-value cache",
    metavar="TYPE",
    choices=BY_NAME["k_cache_type"].options,
)
_DRAFT_SIMPLE = Flag(
    names=("--speculative-draft-simple",),
    help="draft with another model",
    dest="draft_simple",
    default=False,
)

SETTINGS = (
    *with_max(flags_of(LOAD_KEYS)),
    FIT,
    _KV_CACHE,
    _DRAFT_SIMPLE,
    Flag(
        names=("--config",),
        help="a TOML file of load settings",
        metavar="FILE",
        completes="path",
    ),
    Flag(
        names=("--profile",),
        help="a table of lms_profiles.toml next to the notebook",
        metavar="NAME",
        completes="profile",
    ),
    PRESET,
)

DEVICE = Flag(
    names=("--device",),
    help="a machine on the same LM Link",
    metavar="ID",
    completes="device",
)


def replica_count(text: str) -> int:
    """Read on how many devices a model is to be loaded."""
    if not text.isdecimal() or int(text) < 1:
        raise CommandError(f"--replicas wants a number from 1, not {text!r}.")
    return int(text)


PLACE = (
    Flag(
        names=("--where",),
        help="on such a device of a fleet: vram>20GB,label=lab",
        metavar="TEXT",
    ),
    Flag(
        names=("--replicas",),
        help="on so many devices of a fleet, under one identifier",
        metavar="N",
        read=replica_count,
        default=1,
    ),
)

LIFE = (
    Flag(
        names=("--ttl",),
        help="unload when idle for so long: 90, 5m, 1h30m or none (default: 1h)",
        metavar="TIME",
        read=parse_ttl,
        default=UNSET,
    ),
    Flag(
        names=("--keep",),
        help="while-open (as long as this notebook is open), or a time: until 18:00",
        metavar="WHAT",
        read=parse_keep,
    ),
    Flag(
        names=("--timeout",),
        help="cancel the load if it takes longer",
        metavar="TIME",
        read=parse_duration,
    ),
    DEVICE,
    *PLACE,
    Flag(
        names=("--no-lease",),
        help="stay when this kernel goes, until the TTL ends",
        dest="lease",
        value=False,
        default=True,
    ),
    Flag(
        names=("--no-heal",),
        help="a handle of what was unloaded fails instead of loading again",
        dest="heal",
        value=False,
        default=True,
    ),
    Flag(
        names=("--as",),
        help="keep the handle as NAME",
        metavar="NAME",
        read=python_name,
        dest="name",
    ),
)

CHOICE = (
    Flag(names=("-y", "--yes"), help="take the best of several matches", default=False),
    Flag(names=("--exact",), help="the key is a path, to the letter", default=False),
    Flag(names=("--local",), help="models of this host alone, no linked device", default=False),
)


def load_config(a: argparse.Namespace) -> LoadConfig:
    """Read the settings of a line.

    Raises:
        CommandError: The settings contradict each other.
    """
    _check_drafts(a)
    settings: dict[str, Any] = {
        name: getattr(a, name) for name in LoadConfig.__struct_fields__ if name in a
    }
    for side in ("k_cache_type", "v_cache_type"):
        settings[side] = settings[side] or a.kv_cache
    config = LoadConfig(**settings)
    if (wrong := objection(config) or contradiction(config)) is not None:
        raise CommandError(f"%lms load: {wrong}")
    return config


def _check_drafts(a: argparse.Namespace) -> None:
    """Refuse combinations that the CLI refuses, in its order."""
    tuned = [a.draft_max_tokens, a.draft_min_tokens, a.draft_min_probability]
    sidecars = (a.draft_mtp_sidecar, a.draft_dflash_sidecar, a.draft_dspark_sidecar)
    sources = (a.draft_simple, a.draft_mtp, *sidecars)
    shortest, longest = a.draft_min_tokens, a.draft_max_tokens
    complaints = (
        (a.draft_mtp and a.draft_simple, "a draft comes from mtp or from a model, not from both"),
        (a.draft_model == "", "--speculative-draft-model needs the key of a model"),
        (
            a.draft_mtp and a.draft_model is not None,
            "--speculative-draft-mtp drafts without another model",
        ),
        (
            a.draft_model is not None and not a.draft_simple,
            "--speculative-draft-model goes with --speculative-draft-simple",
        ),
        (
            a.draft_simple and a.draft_model is None,
            "--speculative-draft-simple needs --speculative-draft-model",
        ),
        (
            any(value is not None for value in tuned) and not any(sources),
            "how to draft is said, but not with what: add --speculative-draft-simple or -mtp",
        ),
        (
            shortest is not None and longest is not None and shortest > longest,
            f"the shortest draft ({shortest}) is longer than the longest ({longest})",
        ),
    )
    for is_wrong, sentence in complaints:
        if is_wrong:
            raise CommandError(f"%lms load: {sentence}.")


def load_line(a: argparse.Namespace, mode: LoadMode, *, estimate_only: bool = False) -> LoadLine:
    """Read a line that loads."""
    life = {
        name: getattr(a, name) for name in ("lease", "device", "where", "replicas") if name in a
    }
    fit = take_fit(a)
    request = LoadRequest(
        model_key=a.model_key or "",
        mode=mode,
        identifier=getattr(a, "identifier", None),
        config=load_config(a),
        fit=fit,
        keep=getattr(a, "keep", None),
        reload=getattr(a, "reload", False),
        **life,
    )
    asked = NotebookRequest(
        request=request,
        first=a.yes,
        exact=a.exact,
        local=a.local,
        timeout_s=getattr(a, "timeout", None),
        heal=getattr(a, "heal", True),
    )
    return LoadLine(
        asked=asked,
        name=getattr(a, "name", None),
        profile=a.profile,
        preset=a.preset,
        file=None if a.config is None else Path(a.config),
        template=None if a.prompt_template_file is None else Path(a.prompt_template_file),
        ttl_s=getattr(a, "ttl", UNSET),
        estimate_only=estimate_only,
    )


def _load(a: argparse.Namespace) -> LoadLine:
    if a.model_key is None and a.exact:
        raise CommandError("%lms load: --exact needs a path.", hint="`%lms ls --json` shows paths.")
    if a.model_key is None and not a.yes:
        raise CommandError(
            "%lms load: which model? KEY is missing.",
            hint="`%lms ls` lists the keys; `%lms load -y` takes the one that was used last.",
        )
    if a.new and a.reload:
        raise CommandError("%lms load: --new and --reload do not go together.")
    return load_line(a, "new" if a.new else "ensure", estimate_only=a.estimate_only)


def _key(about: str, completes: Completes = "name", *, optional: bool = False) -> Argument:
    return Argument(
        dest="model_key",
        metavar="KEY",
        help=about,
        many="optional" if optional else "one",
        completes=completes,
    )


VERBS = (
    Verb(
        name="load",
        summary="use the instance that fits, or load the model",
        build=_load,
        words=(_key("as %lms ls shows it, or enough of it to be unique", optional=True),),
        flags=(
            *LIFE[:1],
            Flag(names=("--identifier",), help="the identifier of the instance", metavar="NAME"),
            *SETTINGS,
            *LIFE[1:],
            Flag(
                names=("--new",),
                help="always make another instance, as lms load does",
                default=False,
            ),
            Flag(
                names=("--reload",),
                help="load an instance with other settings anew, whoever loaded it",
                default=False,
            ),
            Flag(names=("--estimate-only",), help="only say what it would take", default=False),
            *CHOICE,
        ),
        examples=(
            "%lms load qwen3-4b --ttl 10m",
            "%lms load qwen3-4b --keep until 18:00",
            "llm = %lms load qwen3-4b -c 8192 --gpu max",
        ),
    ),
    Verb(
        name="model",
        summary="use what is in memory as it is, else load it, like the SDK's .model()",
        build=lambda a: load_line(a, "use"),
        words=(_key("a key or an identifier"),),
        flags=(*LIFE[:1], *SETTINGS, *LIFE[1:], *CHOICE),
        examples=("llm = %lms model qwen3-4b",),
    ),
    Verb(
        name="estimate",
        summary="say how much memory a load would take",
        build=lambda a: load_line(a, "ensure", estimate_only=True),
        words=(_key("the model", "key"),),
        flags=(*SETTINGS, DEVICE, *CHOICE),
        examples=(
            "%lms estimate qwen3-4b -c 32768 --kv-cache q8_0",
            "%lms estimate qwen3-4b --device gpu-box",
        ),
    ),
)
