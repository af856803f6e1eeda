"""What talks to a model: the cell magic `%%lms`, its `compare` and `sweep`, and `%lms chat`."""

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from lms_jupyter.api.settings import DEFAULT_TTL_S
from lms_jupyter.errors import CommandError
from lms_jupyter.hosts.prediction import Sampling
from lms_jupyter.hosts.prediction_keys import PREDICTION_KEYS
from lms_jupyter.magics.grammar import (
    CELL_VERBS,
    Argument,
    Flag,
    Verb,
    python_name,
    read,
    split,
)
from lms_jupyter.magics.verbs.axes import AXES
from lms_jupyter.magics.verbs.presets import PRESET
from lms_jupyter.magics.verbs.setting_flags import flags_of
from lms_jupyter.magics.verbs.tool_flags import TOOL_FLAGS, ToolUse, tool_use
from lms_jupyter.manager.duration import parse_ttl

COMPARE, SWEEP = CELL_VERBS


class Talk(Struct, frozen=True, kw_only=True):
    """`%%lms`: a prompt, and how it is to be answered."""

    name: str | None = None
    """A key or an identifier; `None`: what is in memory."""
    prompt: str | None = None
    """Of `%lms chat`; a cell brings its own."""
    system: str | None = None
    variable: str | None = None
    """What the answer is kept as."""
    chat: str | None = None
    fresh: bool = False
    schema: str | None = None
    """The name of a dict or of a Pydantic class in the notebook."""
    images: tuple[str, ...] = ()
    sampling: Sampling = Sampling()
    preset: str | None = None
    """A preset of LM Studio's: what the flags do not say."""
    tools: ToolUse = ToolUse()
    ttl_s: float | None = DEFAULT_TTL_S
    fills: bool = True
    """Whether {names} are replaced by what the notebook knows under them."""
    footer: bool = True


class Compare(Struct, frozen=True, kw_only=True):
    """`%%lms compare`: one prompt, several models."""

    names: tuple[str, ...]
    talk: Talk


class Sweep(Struct, frozen=True, kw_only=True):
    """`%%lms sweep`: one prompt, one model, several settings."""

    name: str | None
    axes: Mapping[str, tuple[Any, ...]]
    talk: Talk


FLAGS = (
    Flag(
        names=("--as",),
        help="keep the answer as NAME",
        metavar="NAME",
        read=python_name,
        dest="variable",
    ),
    Flag(
        names=("-s", "--system", "--system-prompt"),
        help="the system prompt",
        metavar="TEXT",
        dest="system",
    ),
    Flag(names=("--chat",), help="a conversation that is kept under this name", metavar="NAME"),
    Flag(names=("--fresh",), help="begin that conversation anew", default=False),
    Flag(
        names=("--json",),
        help="answer as this dict (a JSON Schema) or Pydantic class says",
        metavar="SCHEMA",
        dest="schema",
        completes="schema",
    ),
    Flag(
        names=("--image",),
        help="an image to look at: a file, or a variable; several with commas",
        metavar="FILE",
    ),
    *flags_of(PREDICTION_KEYS),
    Flag(names=("--stop",), help="end before this text; several with commas", metavar="TEXT"),
    Flag(
        names=("--reasoning",),
        help="on, off, or as the model has it",
        metavar="WHEN",
        choices=("auto", "on", "off"),
        default="auto",
    ),
    PRESET,
    Flag(
        names=("--ttl",),
        help="if it has to be loaded: unload when idle for so long (default: 1h)",
        metavar="TIME",
        read=parse_ttl,
        default=DEFAULT_TTL_S,
    ),
    Flag(
        names=("--no-fill",),
        help="leave {names} as they are",
        dest="fills",
        value=False,
        default=True,
    ),
    Flag(
        names=("--no-footer",),
        help="no figures below the answer",
        dest="footer",
        value=False,
        default=True,
    ),
    Flag(names=("--stats",), help="for lms users: the figures are always shown", default=False),
)


def _talk(a: argparse.Namespace, name: str | None) -> Talk:
    thinking = {"on": True, "off": False}.get(a.reasoning)
    return Talk(
        name=name,
        prompt=getattr(a, "prompt", None),
        system=a.system,
        variable=a.variable,
        chat=a.chat,
        fresh=a.fresh,
        schema=a.schema,
        images=_parts(a.image),
        sampling=Sampling(
            **{key.name: getattr(a, key.name) for key in PREDICTION_KEYS},
            stop=_parts(a.stop),
            thinking=thinking,
        ),
        preset=a.preset,
        tools=tool_use(a),
        ttl_s=a.ttl,
        fills=a.fills,
        footer=a.footer,
    )


def _parts(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _chat(a: argparse.Namespace) -> Talk:
    talk = _talk(a, a.name)
    if not talk.prompt:
        raise CommandError(
            "%lms chat: what shall be said? There is no prompt.",
            hint="Give one with -p, or write it into a cell that begins with %%lms.",
        )
    return talk


NAME = Argument(
    dest="name",
    metavar="KEY",
    help="a key or an identifier; without it, what is in memory",
    many="optional",
    completes="name",
)
NAMES = Argument(
    dest="names", metavar="KEY", help="keys or identifiers", many="any", completes="name"
)

CELL = Verb(
    name="",
    summary="answer the text of the cell",
    build=lambda a: _talk(a, a.name),
    words=(NAME,),
    flags=(*FLAGS, *TOOL_FLAGS),
    examples=(
        "%%lms qwen3-4b --as answer",
        "%%lms --chat story --temperature 0.7",
        "%%lms --tools search,add --yes",
        "%%lms --mcp mcp.json --allowed-tools search",
    ),
)


def _compare(a: argparse.Namespace) -> Compare:
    if len(a.names) < 2:  # noqa: PLR2004 - there is nothing to compare one with
        raise CommandError(
            "%%lms compare: name at least two models.", hint="For example: %%lms compare a b"
        )
    return Compare(names=tuple(a.names), talk=_talk(a, None))


COMPARING = Verb(
    name=COMPARE,
    summary="answer the text of the cell with several models at once, side by side",
    build=_compare,
    words=(NAMES,),
    flags=FLAGS,
)

_AXIS = re.compile(r"(?P<name>[\w-]+)=(?P<values>\[[^\]]*\]|[^\[\],]+)")


def _axis(word: str) -> tuple[str, tuple[Any, ...]]:
    match = _AXIS.fullmatch(word)
    if match is None or match["name"] not in AXES:
        raise CommandError(
            f"%%lms sweep: {word!r} is nothing that can be swept.",
            hint=f"Write name=[a,b]; the names are {', '.join(AXES)}.",
        )
    _, read_value = AXES[match["name"]]
    values = [part.strip() for part in match["values"].strip("[]").split(",") if part.strip()]
    if not values:
        raise CommandError(f"%%lms sweep: {word!r} names no value.")
    return match["name"], tuple(read_value(value) for value in values)


def _sweep(a: argparse.Namespace) -> Sweep:
    names = [word for word in a.names if "=" not in word]
    axes = dict(_axis(word) for word in a.names if "=" in word)
    if len(names) > 1 or not axes:
        raise CommandError(
            "%%lms sweep: name one model at most, and at least one setting with its values.",
            hint="For example: %%lms sweep qwen3-4b context=[2048,8192] kv=[f16,q8_0]",
        )
    return Sweep(name=names[0] if names else None, axes=axes, talk=_talk(a, None))


SWEEPING = Verb(
    name=SWEEP,
    summary="answer the text of the cell with several settings, and measure",
    build=_sweep,
    words=(NAMES,),
    flags=FLAGS,
    examples=("%%lms sweep qwen3-4b context=[2048,8192] kv=[f16,q8_0]",),
)

VERBS = (
    Verb(
        name="chat",
        summary="say one thing to a model; %%lms says a whole cell",
        build=_chat,
        words=(NAME,),
        flags=(
            Flag(names=("-p", "--prompt"), help="what to say", metavar="TEXT", dest="prompt"),
            *FLAGS,
            *TOOL_FLAGS,
        ),
        examples=("%lms chat qwen3-4b -p 'Why is the sky blue?'",),
    ),
)


def parse_cell(line: str) -> Talk | Compare | Sweep:
    """Read the line of a `%%lms` cell.

    Raises:
        CommandError: It makes no sense; the hint says what would.
    """
    # A blank behind a comma would make two words of context=[2048, 8192].
    words = split(re.sub(r",\s+(?=[^\[\]]*\])", ",", line))
    kinds: Sequence[Verb] = (COMPARING, SWEEPING)
    kind = next((verb for verb in kinds if words and words[0] == verb.name), None)
    verb, rest = (CELL, words) if kind is None else (kind, words[1:])
    built: Talk | Compare | Sweep = verb.build(read(verb, rest, prog="%lms"))
    return built
