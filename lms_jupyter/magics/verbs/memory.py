"""Verbs about what is in memory: `unload`, `extend`, `pin`, `free`."""

import argparse

from msgspec import Struct

from lms_jupyter.api.sizes import parse_size
from lms_jupyter.errors import CommandError
from lms_jupyter.magics.grammar import Argument, Flag, Verb
from lms_jupyter.manager.duration import parse_ttl
from lms_jupyter.manager.keep_words import parse_keep
from lms_jupyter.protocol.commands import KeepInstance, PinInstance, ReloadInstance, SetTtl

Request = PinInstance | KeepInstance | ReloadInstance | SetTtl


class Unload(Struct, frozen=True, kw_only=True):
    """`%lms unload`: end one instance, or all."""

    identifier: str | None = None
    everything: bool = False
    device: str | None = None
    """Of those on this device alone."""
    forget: bool = False
    """Also what the host keeps of the prompts that they have read."""


class OnDevice(Struct, frozen=True, kw_only=True):
    """`%lms extend` and `%lms pin` of an instance on the device that is named."""

    request: Request
    device: str


class Free(Struct, frozen=True, kw_only=True):
    """`%lms free`: give memory back that nobody uses now."""

    everything: bool = False
    """Also what other kernels loaded."""
    until_bytes: int | None = None
    """No more than it takes until so much memory is free; `None`: all that is idle."""
    main: bool = False
    """Of main memory, also where there are GPUs."""
    when_idle: bool = False
    """Wait for what is in use."""


def _free(a: argparse.Namespace) -> Free:
    if a.until is None and (a.main or a.when_idle):
        flag = "--main" if a.main else "--when-idle"
        raise CommandError(
            f"%lms free: {flag} goes with --until.", hint="For example: %lms free --until 12GB"
        )
    return Free(everything=a.all, until_bytes=a.until, main=a.main, when_idle=a.when_idle)


def _unload(a: argparse.Namespace) -> Unload:
    if a.identifier is not None and a.all:
        raise CommandError(
            "%lms unload: an identifier and --all do not go together.",
            hint="Name one instance, or say --all.",
        )
    return Unload(identifier=a.identifier, everything=a.all, device=a.device, forget=a.forget)


def _extend(a: argparse.Namespace) -> Request | OnDevice:
    kind = ReloadInstance if a.reload else SetTtl
    return _on_device(kind(identifier=a.identifier, ttl_s=parse_ttl(a.time)), a)


def _pin(a: argparse.Namespace) -> Request | OnDevice:
    if a.keep is not None and a.off:
        raise CommandError(
            "%lms pin: --keep and --off do not go together.",
            hint="`%lms pin NAME --off` ends both a pin and what --keep has said.",
        )
    if a.keep is not None:
        return _on_device(KeepInstance(identifier=a.identifier, keep=a.keep), a)
    return _on_device(PinInstance(identifier=a.identifier, pinned=not a.off), a)


def _on_device(request: Request, a: argparse.Namespace) -> Request | OnDevice:
    return request if a.device is None else OnDevice(request=request, device=a.device)


IDENTIFIER = Argument(
    dest="identifier", metavar="IDENTIFIER", help="as %lms ps shows it", completes="identifier"
)

DEVICE = Flag(
    names=("--device",),
    help="where devices of an LM Link have the same identifier: the one on this, as %lms ps shows "
    "it, or its identifier",
    metavar="DEVICE",
    completes="device",
)

VERBS = (
    Verb(
        name="unload",
        summary="unload an instance",
        build=_unload,
        words=(
            Argument(
                dest="identifier",
                metavar="IDENTIFIER",
                help="as %lms ps shows it; not needed if there is only one",
                many="optional",
                completes="identifier",
            ),
        ),
        flags=(
            Flag(names=("-a", "--all"), help="all instances of the host", default=False),
            Flag(
                names=("--forget",),
                help="and what the host keeps of the prompts that they have read; with --all, all "
                "that it keeps",
                default=False,
            ),
            DEVICE,
        ),
        examples=(
            "%lms unload qwen3-4b",
            "%lms unload qwen3-4b --device Local",
            "%lms unload --all",
        ),
    ),
    Verb(
        name="extend",
        summary="give an instance another TTL, counted from now",
        build=_extend,
        words=(
            IDENTIFIER,
            Argument(dest="time", metavar="TIME", help="90, 5m, 1h30m or none"),
        ),
        flags=(
            Flag(
                names=("--reload",),
                help="load it again, for hosts that cannot change the TTL of what is loaded",
                default=False,
            ),
            DEVICE,
        ),
        examples=("%lms extend qwen3-4b 30m", "%lms extend qwen3-4b none --reload"),
    ),
    Verb(
        name="pin",
        summary="keep an instance from expiring and from being evicted",
        build=_pin,
        words=(IDENTIFIER,),
        flags=(
            Flag(
                names=("--keep",),
                help="not for ever: while-open (as long as this notebook is open), or until 18:00",
                metavar="WHAT",
                read=parse_keep,
            ),
            Flag(names=("--off",), help="unpin it, and let its TTL count again", default=False),
            DEVICE,
        ),
        examples=(
            "%lms pin qwen3-4b",
            "%lms pin qwen3-4b --keep until 18:00",
            "%lms pin qwen3-4b --off",
        ),
    ),
    Verb(
        name="free",
        summary="unload what is idle, and give back the GPU memory that this kernel caches",
        build=_free,
        flags=(
            Flag(names=("-a", "--all"), help="also what others loaded", default=False),
            Flag(
                names=("--until",),
                help="no more than it takes until so much is free, the longest idle first: of the "
                "GPUs' memory where there are GPUs",
                metavar="SIZE",
                read=parse_size,
            ),
            Flag(names=("--main",), help="with --until: of main memory", default=False),
            Flag(
                names=("--when-idle",),
                help="with --until: wait for what is in use, until interrupted",
                default=False,
            ),
        ),
        examples=("%lms free", "%lms free --until 12GB"),
    ),
)
