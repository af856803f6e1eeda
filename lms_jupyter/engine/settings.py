"""How an engine is set up: its command line, and the defaults."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import platformdirs

Guardrail: TypeAlias = Literal["off", "relaxed", "balanced", "strict"]

SHIPPED_MODELS = Path(__file__).parent / "models"
JIT_TTL_S = 3600.0
PORTS = range(65_536)
MAX_S = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be chosen about an engine."""

    host: str = "127.0.0.1"
    port: int = 0
    models: tuple[Path, ...] = ()
    downloads: Path = Path("models")
    announce: Path | None = None
    log: Path | None = None
    linger_s: float | None = None
    jit_ttl_s: float | None = JIT_TTL_S
    auto_evict: bool = True
    guardrail: Guardrail = "balanced"
    spares: int = 1
    nice: int = 10
    origins: tuple[str, ...] = ()

    @classmethod
    def from_arguments(cls, arguments: Sequence[str] | None = None) -> Settings:
        """Read a command line; exits with a usage message if it is wrong."""
        given = _parser().parse_args(arguments)
        own = () if given.no_default_models else default_folders()
        return cls(
            host=given.host,
            port=given.port,
            models=(*given.models, given.downloads, *own),
            downloads=given.downloads,
            announce=given.announce,
            log=given.log,
            linger_s=given.linger,
            jit_ttl_s=given.jit_ttl or None,
            auto_evict=not given.no_auto_evict,
            guardrail=given.guardrail,
            spares=given.spares,
            nice=given.nice,
            origins=tuple(given.allow_origin),
        )


def default_folders() -> tuple[Path, ...]:
    """Return the shipped models and LM Studio's own folder, those that exist."""
    return tuple(folder for folder in (SHIPPED_MODELS, lm_studio_models()) if folder.is_dir())


def own_models() -> Path:
    """Return the folder of this user's own downloads."""
    return platformdirs.user_data_path("lms-jupyter") / "models"


def lm_studio_models() -> Path:
    """Return LM Studio's models folder, by the rules that its own tools follow."""
    home = Path.home()
    pointer = home / ".lmstudio-home-pointer"
    try:
        named = pointer.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        named = ""
    if named:
        return Path(named) / "models"
    old = home / ".cache" / "lm-studio"
    return (old if old.is_dir() else home / ".lmstudio") / "models"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lms-jupyter engine", description="Serve GGUF models the way LM Studio does."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to bind (default: this machine only)")
    add("--port", type=_port, default=0, help="port to bind (default: a free one)")
    add("--models", type=Path, action="append", default=[], metavar="DIR", help="more models")
    add("--no-default-models", action="store_true", help="only the folders named by --models")
    add("--downloads", type=Path, default=own_models(), metavar="DIR", help="where downloads go")
    add("--announce", type=Path, metavar="FILE", help="write the address here while it runs")
    add("--log", type=Path, metavar="FILE", help="log here; the file is rotated")
    add("--linger", type=_seconds, metavar="S", help="end after S seconds without use")
    add("--jit-ttl", type=_seconds, default=JIT_TTL_S, metavar="S", help="0 is never")
    add("--no-auto-evict", action="store_true", help="keep earlier just-in-time loads")
    add("--guardrail", choices=get_args(Guardrail), default="balanced", help="memory guardrail")
    add("--spares", type=int, default=1, metavar="N", help="processes kept warm for fast loads")
    add("--nice", type=int, default=10, help="how far the models stand back for other programs")
    add("--allow-origin", action="append", default=[], metavar="URL", help="web page allowed in")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if port not in PORTS:
        raise argparse.ArgumentTypeError(f"a port is between 0 and {PORTS[-1]}, not {port}")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MAX_S:
        raise argparse.ArgumentTypeError(f"a number of seconds cannot be {text}")
    return seconds
