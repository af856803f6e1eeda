"""How a verb is declared: once, for its parser, its help and its completion. No IPython."""

import argparse
import difflib
import math
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, TypeVar

from lms_jupyter.errors import CommandError
from lms_jupyter.printable import holds_token

Value = TypeVar("Value")

Completes = Literal[
    "",
    "key",
    "identifier",
    "name",
    "host",
    "device",
    "profile",
    "preset",
    "verb",
    "path",
    "schema",
    "tool",
    "template",
]
"""What a word can be completed with: a model key, what is in memory, either, …"""


CELL_VERBS = ("compare", "sweep")
"""What follows `%%lms` alone."""
OTHER_WORDS = {
    **dict.fromkeys(("list", "models"), "ls"),
    **dict.fromkeys(("loaded", "memory", "top"), "ps"),
    **dict.fromkeys(("delete", "eject", "kill", "remove", "rm", "stop"), "unload"),
    **dict.fromkeys(("clear", "gc"), "free"),
    **dict.fromkeys(("download", "pull"), "get"),
    **dict.fromkeys(("ask", "prompt", "respond", "run"), "chat"),
    "logs": "log",
    "rename": "load KEY --identifier NAME",
    "reload": "load KEY --reload",
    "renew": "extend",
    "serve": "server start",
    "start": "host start",
    "ttl": "extend",
}
"""What other command lines call the same, and the verb that does it here."""
NEAR = 0.7
"""How alike a word must be to a verb to be taken for it: with less, rename is near free."""


def as_it_is(text: str) -> str:
    """Take a word as it was written."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A word without dashes: what the verb is about."""

    dest: str
    metavar: str
    help: str = ""
    many: Literal["one", "optional", "any"] = "one"
    completes: Completes = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A word with dashes, and the value behind it if it takes one."""

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    """Empty: it takes no value."""
    read: Callable[[str], Any] = as_it_is
    dest: str = ""
    value: Any = True
    """What it stands for if it takes no value."""
    default: Any = None
    choices: tuple[str, ...] = ()
    completes: Completes = ""

    @property
    def key(self) -> str:
        """Under which name its value is found."""
        return self.dest or self.names[-1].lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What may follow `%lms`."""

    name: str
    summary: str
    build: Callable[[argparse.Namespace], Any]
    words: tuple[Argument, ...] = ()
    flags: tuple[Flag, ...] = ()
    examples: tuple[str, ...] = ()


class Parser(argparse.ArgumentParser):
    """An argparse that raises our error where the stock one would exit the kernel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            add_help=False,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong; the hint explains the flag that is meant, or the words."""
        error = sys.exception()
        named = error.argument_name if isinstance(error, argparse.ArgumentError) else None
        action = next((a for a in self._actions if named and _name(a) == named), None)
        if action is None or not action.option_strings:
            raise CommandError(f"%{self.prog}: {message}.", hint=self._short_usage())
        flag = action.option_strings[-1]
        sentence = message.partition(": ")[2]
        value = f" {action.metavar}" if action.metavar else ""
        about = (action.help or "").replace("%%", "%")
        raise CommandError(
            f"%{self.prog} {flag}: {sentence}.",
            hint=f"{flag}{value}: {about}. All flags: %{self.prog} --help",
        )

    def _short_usage(self) -> str:
        words = [
            {None: "{}", "?": "[{}]", "*": "[{} ...]"}[action.nargs].format(action.metavar)
            for action in self._actions
            if not action.option_strings and action.nargs in (None, "?", "*")
        ]
        flags = ["[flags]"] if any(action.option_strings for action in self._actions) else []
        return f"Usage: %{' '.join([self.prog, *words, *flags])}. More: %{self.prog} --help"


def _name(action: argparse.Action) -> str:
    """Name an action as `argparse.ArgumentError` does."""
    return "/".join(action.option_strings) or str(action.metavar or action.dest)


HELP = Flag(names=("-h", "--help"), help="show this help", dest="wants_help", default=False)


def parser_of(verb: Verb, prog: str = "lms") -> Parser:
    """Make the parser of a verb."""
    examples = "\n".join(["examples:", *(f"  {line}" for line in verb.examples)])
    parser = Parser(
        prog=f"{prog} {verb.name}".strip(),
        description=f"{verb.summary[:1].upper()}{verb.summary[1:]}.",
        epilog=examples if verb.examples else None,
    )
    for word in verb.words:
        nargs = {"one": None, "optional": "?", "any": "*"}[word.many]
        extra: dict[str, Any] = {"choices": word.choices} if word.choices else {}
        parser.add_argument(
            word.dest, metavar=word.metavar, nargs=nargs, help=_percent(word.help), **extra
        )
    for flag in verb.flags:
        _add(parser, flag)
    return parser


def split(line: str) -> list[str]:
    """Split a line as a shell does; a comment at its end is left out, as a cell's reader expects.

    Raises:
        CommandError: A quote does not end.
    """
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise CommandError(f"%lms: {line!r} has a quote that does not end.") from error


def read(verb: Verb, words: Sequence[str], prog: str = "lms") -> argparse.Namespace:
    """Read the words behind a verb.

    Raises:
        CommandError: They make no sense; the hint says what would.
    """
    if any(map(holds_token, words)):
        raise CommandError(
            f"%{prog} {verb.name}: an API token does not belong into a cell, which is saved with "
            "its notebook.",
            hint="Take it out; `%lms host add NAME ADDRESS --token` asks for it and keeps it "
            "elsewhere.",
        )
    parser = parser_of(verb, prog)
    arguments, unknown = parser.parse_known_args(list(words))
    if unknown:
        parser.error(_unknown(unknown[0], verb))
    return arguments


def chosen(name: str, verbs: Mapping[str, Verb]) -> Verb:
    """Find a verb by its name.

    Raises:
        CommandError: There is none; the hint names the nearest.
    """
    if name in verbs:
        return verbs[name]
    if name in CELL_VERBS:
        raise CommandError(
            f"%lms {name}: this is a cell magic.",
            hint=f"Write %%lms {name} as the first line of a cell, and the prompt below it.",
        )
    near = difflib.get_close_matches(name, verbs, n=1, cutoff=NEAR)
    suggestion = OTHER_WORDS.get(name) or next(iter(near), None)
    raise CommandError(
        f"%lms has no verb {name!r}.",
        hint=f"Did you mean %lms {suggestion}?"
        if suggestion
        else f"There are: {', '.join(verbs)}.",
    )


def whole(least: float = 1, most: float = math.inf) -> Callable[[str], int]:
    """Return what reads a whole number within these bounds."""

    def read_whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise CommandError(f"{text!r} is not a whole number") from None
        _check_bounds(number, text, least, most)
        return number

    return read_whole


def number(least: float = -math.inf, most: float = math.inf) -> Callable[[str], float]:
    """Return what reads a number within these bounds."""

    def read_number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise CommandError(f"{text!r} is not a number") from None
        if not math.isfinite(value):
            raise CommandError(f"{text} is not a finite number")
        _check_bounds(value, text, least, most)
        return value

    return read_number


def offload(text: str) -> float:
    """Read the part of the layers on the GPU."""
    named = {"off": 0.0, "max": 1.0}
    try:
        ratio = named[text] if text in named else float(text)
    except ValueError:
        raise CommandError(f"{text!r} is not off, max or a number") from None
    _check_bounds(ratio, text, 0, 1)
    return ratio


def several(read: Callable[[str], Value]) -> Callable[[str], tuple[Value, ...]]:
    """Return what reads values that commas part."""

    def read_several(text: str) -> tuple[Value, ...]:
        return tuple(read(part.strip()) for part in text.split(","))

    return read_several


def python_name(text: str) -> str:
    """Read a name that the notebook's namespace can have."""
    if not text.isidentifier():
        raise CommandError(f"{text!r} is no name that Python allows")
    return text


def _check_bounds(value: float, text: str, least: float, most: float) -> None:
    if least <= value <= most:
        return
    if math.isinf(most):
        raise CommandError(f"{text} is out of range, must be at least {least:g}")
    raise CommandError(f"{text} is out of range, must be from {least:g} to {most:g}")


def _add(parser: Parser, flag: Flag) -> None:
    if not flag.metavar:
        parser.add_argument(
            *flag.names,
            dest=flag.key,
            action="store_const",
            const=flag.value,
            default=flag.default,
            help=_percent(flag.help),
        )
        return
    extra: dict[str, Any] = {"choices": flag.choices} if flag.choices else {}
    parser.add_argument(
        *flag.names,
        dest=flag.key,
        type=_typed(flag.read),
        default=flag.default,
        metavar=flag.metavar,
        help=_percent(flag.help),
        **extra,
    )


def _typed(read_text: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse say our own sentence; it swallows that of a `ValueError`."""

    def read_word(text: str) -> Any:
        try:
            return read_text(text)
        except CommandError as error:
            raise argparse.ArgumentTypeError(error.title) from error

    return read_word


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _unknown(word: str, verb: Verb) -> str:
    if not word.startswith("-"):
        return f"there is one word too many: {word!r}"
    word = word.partition("=")[0]
    names = [name for flag in verb.flags for name in flag.names]
    near = difflib.get_close_matches(word, names, n=1)
    return f"there is no flag {word}" + (f" (did you mean {near[0]}?)" if near else "")


@dataclass(slots=True)
class VerbRegistry:
    """Verbs by their names."""

    verbs: dict[str, Verb] = field(default_factory=dict)

    def add(self, *verbs: Verb) -> None:
        """Take up verbs, in the order of the help."""
        self.verbs |= {verb.name: verb for verb in verbs}
