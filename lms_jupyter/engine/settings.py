"""How an engine is set up: its command line, and the defaults."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from lms_jupyter.engine import secrecy
from lms_jupyter.engine.errors import EngineError
from lms_jupyter.engine.guest_tokens import GuestTokens
from lms_jupyter.engine.limits import LimitsFile
from lms_jupyter.engine.token import Token
from lms_jupyter.engine.web_pages import ANY, normal_origin
from lms_jupyter.model_folders import (
    SHIPPED_MODELS,
    downloaded_models,
    may_be_folder,
    studio_home,
    studio_models,
)

__all__ = ["SHIPPED_MODELS", "Settings"]

Guardrail: TypeAlias = Literal["off", "relaxed", "balanced", "strict"]

JIT_TTL_S = 3600.0
PROMPT_CACHE_BYTES = 2_000_000_000
PORTS = range(65_536)
MAX_S = 1e9
MOST_DOWNLOADS = 16
SLOWEST = 1e3
"""Bytes per second that a download may be limited to."""
LIMITS = "LMS_JUPYTER_LIMITS"
"""Names the file of limits for engines that are started without one being named."""
LLAMA_SERVER = "LMS_JUPYTER_LLAMA_SERVER"
EVERY_PAGE = (
    "every web page could use the engine: name the pages, let it want a token "
    "(--token-file FILE), or say --insecure"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be chosen about an engine."""

    host: str = "127.0.0.1"
    port: int = 0
    models: tuple[Path, ...] = ()
    hub: Path | None = None
    """Where LM Studio keeps what its hub says of models."""
    downloads: Path = Path("models")
    downloads_at_once: int = 2
    download_bytes_per_second: float | None = None
    announce: Path | None = None
    log: Path | None = None
    linger_s: float | None = None
    jit_ttl_s: float | None = JIT_TTL_S
    rules: Path | None = None
    """Where the user's rules stand of how long models stay."""
    auto_evict: bool = True
    guardrail: Guardrail = "balanced"
    spares: int = 1
    nice: int = 10
    llama_server: str = ""
    """The `llama-server` program to run models on; empty: the best build that is found."""
    origins: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    """What clients may call this machine, besides its addresses and its own name."""
    token: Token | None = None
    """What every client has to show; `None`: nobody is asked."""
    guests: GuestTokens = field(default_factory=GuestTokens)
    """Tokens of others, each with what it may be used for."""
    limits: LimitsFile = field(default_factory=LimitsFile)
    """How much each user may take."""
    prompt_cache_bytes: int = PROMPT_CACHE_BYTES
    """How much the prompts may take that instances leave behind; 0: none are kept."""
    prompt_caches: Path | None = None
    """Where these stay when the engine ends; `None`: they end with it."""
    measured: Path | None = None
    """Where is written what loads have taken; `None`: it is forgotten with the engine."""
    diary: Path | None = None
    """Where is written what was in memory when and for whom; `None`: nowhere."""
    diary_texts: bool = False
    """Whether answers stand there, too."""
    give_way_bytes: int = 0
    """How much memory is to stay free for other programs: idle instances leave for it; 0: none."""
    fleet: str = ""
    """Where the other engines are that this one speaks for; empty: it speaks for itself."""
    until_closed: int | None = None
    """A pipe whose other end its owner holds: the engine ends when that is closed."""

    @classmethod
    def from_arguments(
        cls, arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ
    ) -> Settings:
        """Read a command line; exits with a usage message if it is wrong."""
        parser = _parser()
        given = parser.parse_args(arguments)
        try:
            token = secrecy.token(given, environ)
            guests = GuestTokens(given.guest_tokens)
            limits = LimitsFile(given.limits or _named(environ.get(LIMITS)))
        except EngineError as error:
            parser.error(f"{error.title} {error.hint}")
        if token is None and given.guest_tokens is not None:
            # Who may do less than all has to be told from who may do all.
            token = Token.new()
        if token is None and not given.insecure:
            if not is_loopback(given.host):
                parser.error(
                    f"on {given.host} everybody who reaches this machine could use the engine: "
                    "let it want a token (--token-file FILE), or say --insecure"
                )
            # Who is announced belongs to somebody; whoever may read the file is let in.
            token = Token.new() if given.announce else None
            if token is None and ANY in given.allow_origin:
                parser.error(EVERY_PAGE)
        own = () if given.no_default_models else default_folders()
        return cls(
            host=given.host,
            port=given.port,
            models=(*given.models, given.downloads, *own),
            hub=None if given.no_default_models else _hub(),
            downloads=given.downloads,
            downloads_at_once=given.downloads_at_once,
            download_bytes_per_second=given.download_rate,
            announce=given.announce,
            log=given.log,
            linger_s=given.linger,
            jit_ttl_s=given.jit_ttl or None,
            rules=given.rules,
            auto_evict=not given.no_auto_evict,
            guardrail=given.guardrail,
            spares=given.spares,
            nice=given.nice,
            llama_server=given.llama_server or environ.get(LLAMA_SERVER, ""),
            origins=tuple(map(normal_origin, given.allow_origin)),
            names=frozenset(name.lower() for name in (*given.allow_host, given.host) if name),
            token=token,
            guests=guests,
            limits=limits,
            prompt_cache_bytes=int(given.prompt_cache_gb * 1e9),
            prompt_caches=given.prompt_caches,
            measured=given.measured,
            diary=given.diary,
            diary_texts=given.diary_texts,
            give_way_bytes=int(given.give_way * 1e9),
            fleet=given.fleet,
            until_closed=given.until_closed,
        )


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's loopback, and nothing else."""
    try:
        found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(host) and all(ipaddress.ip_address(address[4][0]).is_loopback for address in found)


def default_folders() -> tuple[Path, ...]:
    """Return the shipped models and LM Studio's own folder, unless it is known not to be there."""
    folders = (SHIPPED_MODELS, studio_models())
    return tuple(folder for folder in folders if folder is not None and may_be_folder(folder))


def _named(file: str | None) -> Path | None:
    return Path(file) if file else None


def _hub() -> Path | None:
    studio = studio_home()
    return None if studio is None else studio / "hub" / "models"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lms-jupyter engine",
        description="Serve GGUF models the way LM Studio does.",
        # A token may stand here, and has to be found before this is read.
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to bind (default: this machine only)")
    add("--port", type=_port, default=0, help="port to bind (default: a free one)")
    add("--models", type=Path, action="append", default=[], metavar="DIR", help="more models")
    add("--no-default-models", action="store_true", help="only the folders named by --models")
    own = downloaded_models()
    add("--downloads", type=Path, default=own, metavar="DIR", help="where downloads go")
    add("--downloads-at-once", type=_count, default=2, metavar="N", help="more wait in a queue")
    add("--download-rate", type=_rate, metavar="MB", help="MB per second, of all together")
    add("--announce", type=Path, metavar="FILE", help="write address and token here, for its owner")
    add("--log", type=Path, metavar="FILE", help="log here; the file is rotated")
    add("--linger", type=_seconds, metavar="S", help="end after S seconds without use")
    add(
        "--jit-ttl",
        type=_seconds,
        default=JIT_TTL_S,
        metavar="S",
        help="TTL of just-in-time loads; 0 is never",
    )
    add("--rules", type=Path, metavar="FILE", help="how long models stay: rules.toml of a user")
    add("--no-auto-evict", action="store_true", help="keep earlier just-in-time loads")
    add("--guardrail", choices=get_args(Guardrail), default="balanced", help="memory guardrail")
    add("--spares", type=int, default=1, metavar="N", help="processes kept warm for fast loads")
    add("--nice", type=int, default=10, help="niceness of the processes of models, 0 to 19")
    add("--llama-server", default="", metavar="PATH", help="llama.cpp's server, to run models on")
    add(
        "--prompt-cache-gb",
        type=_seconds,
        default=PROMPT_CACHE_BYTES / 1e9,
        metavar="GB",
        help="disk for prompts that unloaded models have read; 0 keeps none",
    )
    add("--prompt-caches", type=Path, metavar="DIR", help="keep them here for the next engine")
    add("--measured", type=Path, metavar="FILE", help="what loads have taken, for estimates")
    add("--diary", type=Path, metavar="FILE", help="what was in memory, when and for whom")
    add("--diary-texts", action="store_true", help="keep what models answer in the diary, too")
    help_ = "memory to leave to other programs: idle models go when less is free; 0 is never"
    add("--give-way", type=_seconds, default=0.0, metavar="GB", help=help_)
    add("--allow-origin", action="append", default=[], metavar="URL", help="web page allowed in")
    add("--allow-host", action="append", default=[], metavar="NAME", help="name of this machine")
    add(
        "--limits",
        type=Path,
        default=None,
        metavar="FILE",
        help="how much each user may take",
    )
    add("--fleet", default="", metavar="FILE", help="be the gateway of other engines, or ray")
    add("--until-closed", type=int, help=argparse.SUPPRESS)
    secrecy.add_options(add)
    return parser


def _port(text: str) -> int:
    port = int(text)
    if port not in PORTS:
        raise argparse.ArgumentTypeError(f"a port is between 0 and {PORTS[-1]}, not {port}")
    return port


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_DOWNLOADS:
        raise argparse.ArgumentTypeError(f"from 1 to {MOST_DOWNLOADS}, not {count}")
    return count


def _rate(text: str) -> float:
    """Read MB per second as bytes per second."""
    rate = float(text) * 1e6
    if not SLOWEST <= rate <= MAX_S * 1e6:
        raise argparse.ArgumentTypeError(f"more than 0.001 MB per second, not {text}")
    return rate


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MAX_S:
        raise argparse.ArgumentTypeError(f"a number of seconds cannot be {text}")
    return seconds
