"""Text → command or query. Knows nothing of IPython."""

import argparse
import difflib
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from msgspec import Struct

from lms_jupyter.errors import CommandError
from lms_jupyter.magics.duration import parse_ttl
from lms_jupyter.protocol.commands import EnsureModel, LoadModel, UnloadInstance
from lms_jupyter.protocol.models import LoadConfig

DEFAULT_TTL_S = 3600.0
"""The SDK's own default, for loads that do not say."""


class ListModels(Struct, frozen=True, kw_only=True):
    """`%lms ls`: what is downloaded."""

    kinds: tuple[str, ...] = ("llm", "embedding")
    as_json: bool = False


class ListInstances(Struct, frozen=True, kw_only=True):
    """`%lms ps`: what is in memory."""

    as_json: bool = False


class ShowStatus(Struct, frozen=True, kw_only=True):
    """`%lms status`: which host, and what is in memory."""


class ShowPanel(Struct, frozen=True, kw_only=True):
    """`%lms panel`: the live panel."""


class ShowHelp(Struct, frozen=True, kw_only=True):
    """`%lms help [VERB]`: how to use a verb, or all of them."""

    text: str


class LoadLine(Struct, frozen=True, kw_only=True):
    """`%lms load`: a load, and the name that its handle gets in the notebook."""

    command: EnsureModel | LoadModel
    name: str | None = None


Request = ListModels | ListInstances | ShowStatus | ShowPanel | ShowHelp | LoadLine | UnloadInstance


class _Parser(argparse.ArgumentParser):
    """An argparse that raises our error where the stock one would exit the kernel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(add_help=False, allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong, with the usage as the hint."""
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        raise CommandError(f"%{self.prog}: {message}.", hint=f"Usage: %{usage}")


def parse(line: str) -> Request:
    """Read one `%lms` line.

    >>> parse("unload chat").identifier
    'chat'

    Raises:
        CommandError: The line makes no sense; the hint says what would.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise CommandError(f"%lms: {line!r} has a quote that does not end.") from error
    parser, verbs = _parsers()
    if not words:
        return ShowHelp(text=parser.format_help())
    verb, *rest = words
    if verb == "help" and not {"--help", "-h"} & set(rest):
        return ShowHelp(
            text=_chosen(rest[0], verbs).format_help() if rest else parser.format_help()
        )
    chosen = _chosen(verb, verbs)
    if "--help" in rest or "-h" in rest:
        return ShowHelp(text=chosen.format_help())
    arguments, unknown = chosen.parse_known_args(rest)
    if unknown:
        chosen.error(_unknown(unknown[0], chosen))
    request: Request = arguments.build(arguments)
    return request


def verb_names() -> Sequence[str]:
    """Name every verb, for completion."""
    return tuple(_parsers()[1])


def flag_names(verb: str) -> Sequence[str]:
    """Name the flags of a verb, for completion; none for an unknown verb."""
    parser = _parsers()[1].get(verb)
    return _flags(parser) if parser else ()


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(prog="lms", description="See and manage models in memory.")
    group = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=_Parser)
    verbs: dict[str, _Parser] = {}

    def verb(name: str, help_: str) -> _Parser:
        verbs[name] = group.add_parser(name, help=help_, description=f"{help_.capitalize()}.")
        return verbs[name]

    listing = verb("ls", "list the models on the disk")
    listing.add_argument("--llm", action="store_true", help="only LLMs")
    listing.add_argument("--embedding", action="store_true", help="only embedding models")
    listing.add_argument("--json", action="store_true", help="print JSON, with the fields of lms")
    listing.set_defaults(build=_list_models)

    running = verb("ps", "list the models in memory")
    running.add_argument("--json", action="store_true", help="print JSON, with the fields of lms")
    running.set_defaults(build=lambda a: ListInstances(as_json=a.json))

    _add_load(verb("load", "use the instance that fits, or load the model"))

    ending = verb("unload", "unload an instance")
    ending.add_argument("identifier", metavar="IDENTIFIER")
    ending.set_defaults(build=lambda a: UnloadInstance(identifier=a.identifier))

    verb("status", "say which host is used and what it has in memory").set_defaults(
        build=lambda _: ShowStatus()
    )
    verb("panel", "show the live panel").set_defaults(build=lambda _: ShowPanel())
    verb("help", "explain a verb")
    return parser, verbs


def _add_load(loading: _Parser) -> None:
    loading.add_argument("model_key", metavar="KEY", help="as %%lms ls shows it")
    loading.add_argument(
        "--ttl",
        type=parse_ttl,
        default=DEFAULT_TTL_S,
        metavar="TIME",
        help="unload after so much idleness: 90, 5m, 1h30m or none (default: 1h)",
    )
    loading.add_argument("--identifier", metavar="NAME", help="what the instance is called")
    loading.add_argument(
        "-c", "--context-length", type=_whole, metavar="TOKENS", help="length of the context"
    )
    loading.add_argument(
        "--gpu", type=_offload, metavar="RATIO", help="layers on the GPU: off, max, or 0 to 1"
    )
    loading.add_argument(
        "--parallel", type=_whole, metavar="N", help="requests that are served at once"
    )
    loading.add_argument(
        "--new", action="store_true", help="always make another instance, as lms load does"
    )
    loading.add_argument(
        "--as", dest="name", type=_python_name, metavar="NAME", help="keep the handle as NAME"
    )
    loading.set_defaults(build=_load_line)


def _list_models(arguments: argparse.Namespace) -> ListModels:
    chosen = tuple(kind for kind in ("llm", "embedding") if getattr(arguments, kind))
    return ListModels(kinds=chosen or ("llm", "embedding"), as_json=arguments.json)


def _load_line(arguments: argparse.Namespace) -> LoadLine:
    kind = LoadModel if arguments.new else EnsureModel
    command = kind(
        model_key=arguments.model_key,
        identifier=arguments.identifier,
        ttl_s=arguments.ttl,
        config=LoadConfig(
            context_length=arguments.context_length,
            gpu=arguments.gpu,
            parallel=arguments.parallel,
        ),
    )
    return LoadLine(command=command, name=arguments.name)


def _whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range, must be at least 1")
    return number


def _offload(text: str) -> float:
    named = {"off": 0.0, "max": 1.0}
    try:
        ratio = named[text] if text in named else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not off, max or a number") from None
    if not 0 <= ratio <= 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range, must be from 0 to 1")
    return ratio


def _python_name(text: str) -> str:
    if not text.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is no name that Python allows")
    return text


def _chosen(verb: str, verbs: dict[str, _Parser]) -> _Parser:
    if verb not in verbs:
        near = difflib.get_close_matches(verb, verbs, n=1)
        raise CommandError(
            f"%lms has no verb {verb!r}.",
            hint=f"Did you mean %lms {near[0]}?" if near else f"There are: {', '.join(verbs)}.",
        )
    return verbs[verb]


def _flags(parser: _Parser) -> tuple[str, ...]:
    return tuple(flag for action in parser._actions for flag in action.option_strings)  # noqa: SLF001 - argparse tells its flags nowhere else


def _unknown(word: str, parser: _Parser) -> str:
    if not word.startswith("-"):
        return f"there is one word too many: {word!r}"
    near = difflib.get_close_matches(word, _flags(parser), n=1)
    return f"there is no flag {word}" + (f", did you mean {near[0]}?" if near else "")
