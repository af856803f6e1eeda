"""Writes the reference pages in `docs/reference/` from the code itself.

`python .ci/reference.py` writes them, `--check` only says which are not fresh. A test runs the
check, so that a verb, a flag or a setting cannot be added without its line here.
"""

import argparse
import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import lms_parity
from environment import VARIABLES
from traitlets.config import Configurable

import lms_jupyter
from lms_jupyter import aio, cli
from lms_jupyter.api import calls, events, host_calls
from lms_jupyter.api.settings import ALIASES, PROFILES
from lms_jupyter.engine import settings as engine_settings
from lms_jupyter.magics.grammar import Argument, Flag, Verb
from lms_jupyter.magics.parser import BOOK
from lms_jupyter.magics.verbs import loading, talking
from lms_jupyter.manager import Manager
from lms_jupyter.manager import events as manager_events
from lms_jupyter.protocol import commands, models, replies, slices
from lms_jupyter.server import LmsExtension

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Written by .ci/reference.py from the code. Change the code, not this page. -->"

Rows = Sequence[Sequence[str]]


def table(heading: Sequence[str], rows: Rows) -> str:
    """Draw a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def page(title: str, *parts: str) -> str:
    """Put a page together."""
    return "\n\n".join([f"# {title}", NOTE, *filter(None, parts)]) + "\n"


def first_sentence(thing: object) -> str:
    """Return what something does, in a line."""
    return (inspect.getdoc(thing) or "").partition("\n\n")[0]


# --- %lms -----------------------------------------------------------------------------------


def verb(verb: Verb, prefix: str = "%lms") -> str:
    """Describe one verb."""
    name = f"{prefix} {verb.name}".strip()
    words = " ".join(_word(word) for word in verb.words)
    parts = [f"## `{name}`", f"{verb.summary[:1].upper()}{verb.summary[1:]}."]
    parts.append(f"```\n{f'{name} {words}'.strip()}{' [flags]' if verb.flags else ''}\n```")
    if told := [(f"`{w.metavar}`", _word_help(w)) for w in verb.words if _word_help(w)]:
        parts.append(table(("Argument", "Meaning"), told))
    if verb.flags:
        parts.append(table(("Flag", "Meaning"), [flag(f) for f in verb.flags]))
    if verb.examples:
        parts.append("```python\n" + "\n".join(verb.examples) + "\n```")
    return "\n\n".join(parts)


def _word(word: Argument) -> str:
    return {"one": "{}", "optional": "[{}]", "any": "[{} …]"}[word.many].format(word.metavar)


def _word_help(word: Argument) -> str:
    choices = f" One of {', '.join(f'`{c}`' for c in word.choices)}." if word.choices else ""
    return f"{word.help}{choices}"


def flag(flag: Flag) -> tuple[str, str]:
    """Describe one flag."""
    value = f" {flag.metavar}" if flag.metavar else ""
    names = ", ".join(f"`{name}{value}`" for name in flag.names)
    choices = f"; one of {', '.join(f'`{c}`' for c in flag.choices)}" if flag.choices else ""
    return names, f"{flag.help}{choices}"


def magics() -> str:
    """Return the page of every verb and flag."""
    rows = [(f"[`{name}`](#lms-{name})", entry.summary) for name, entry in BOOK.verbs.items()]
    cells = [
        talking.CELL,
        talking.COMPARING,
        talking.SWEEPING,
    ]
    axes = [(f"`{axis}`", f"`{setting}`") for axis, (setting, _) in talking.AXES.items()]
    return page(
        "`%lms` and `%%lms`",
        table(("Verb", "What it does"), rows),
        *(verb(entry) for entry in BOOK.verbs.values()),
        *(verb(entry, "%%lms") for entry in cells),
        "What `%%lms sweep` can vary:",
        table(("Axis", "Load setting"), axes),
    )


# --- settings ---------------------------------------------------------------------------------


def fields(struct: type) -> list[tuple[str, str, str]]:
    """Return name, type and description of each field, as the source says them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    assert isinstance(tree, ast.ClassDef)  # noqa: S101 - it was given one
    found: dict[str, tuple[str, str, str]] = {}
    last = ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
            found[last] = (last, ast.unparse(node.annotation), "")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            found[last] = (*found[last][:2], inspect.cleandoc(str(node.value.value)))
    return list(found.values())


def settings() -> str:
    """Return the page of the load settings."""
    flags: dict[str, list[Flag]] = {}
    for one in loading.SETTINGS:
        flags.setdefault(one.key, []).append(one)
    short: dict[str, list[str]] = {}
    for alias, names in ALIASES.items():
        for name in names:
            short.setdefault(name, []).append(alias)
    rows = []
    for name, kind, about in fields(models.LoadConfig):
        known = flags.get(name, []) or flags.get(f"{name}_file", [])
        rows.append(
            (
                f"`{name}`",
                f"`{kind}`",
                ", ".join(f"`{n}`" for one in known for n in one.names),
                ", ".join(f"`{alias}`" for alias in short.get(name, [])),
                about or (known[0].help if known else ""),
            )
        )
    return page(
        "Load settings",
        "The same names as keywords of `lms_jupyter.load(…)`, in a TOML file (`--config FILE`), "
        f"and in a table of `{PROFILES}` (`--profile NAME`). What is not named is the host's to "
        "decide.",
        table(("Setting", "Type", "Flag", "Short", "Meaning"), rows),
        f"Types of the cache: {', '.join(f'`{kind}`' for kind in get_args(models.CacheType))}.",
    )


# --- Python -----------------------------------------------------------------------------------


def function(name: str, thing: Callable[..., Any]) -> str:
    """Describe a function of the package, with the signature that its source has."""
    node = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
    assert isinstance(node, ast.FunctionDef)  # noqa: S101 - it was given one
    returns = "" if node.returns is None else ast.unparse(node.returns).strip("'")
    signature = f"{name}({ast.unparse(node.args)}) -> {returns}"
    told = inspect.getdoc(thing) or ""
    return f"## `{name}`\n\n```python\n{signature}\n```\n\n```text\n{told}\n```"


def python() -> str:
    """Return the page of the Python functions."""
    others = ("examine", "on", "panel", "get_manager", "tutorial_model")
    names = (*calls.__all__, *host_calls.__all__, *others)
    return page(
        "In Python",
        "`import lms_jupyter` brings these. The same for `await` are in `lms_jupyter.aio`: "
        f"{', '.join(f'`{name}`' for name in aio.__all__)}.",
        *(function(f"lms_jupyter.{name}", getattr(lms_jupyter, name)) for name in names),
    )


# --- configuration ----------------------------------------------------------------------------


def traits(kind: type[Configurable]) -> list[tuple[str, str, str]]:
    """Return what of a class can be configured."""
    found = kind.class_own_traits(config=True)
    return [
        (f"`c.{kind.__name__}.{name}`", f"`{trait.default()!r}`", str(trait.help))
        for name, trait in sorted(found.items())
    ]


def sidebar() -> Rows:
    """Return the settings of the sidebar in JupyterLab's settings editor."""
    schema = json.loads((ROOT / "js" / "schema" / "sidebar.json").read_text(encoding="utf-8"))
    return [
        # A list has only a title: JupyterLab's form would show its description twice.
        (
            f"`{name}`",
            f"`{json.dumps(told.get('default'))}`",
            str(told.get("description") or f"{told['title']}."),
        )
        for name, told in schema["properties"].items()
    ]


def configuration() -> str:
    """Return the page of traits, environment variables and settings."""
    return page(
        "Configuration",
        "## Of a kernel",
        "In `ipython_config.py`:",
        table(("Trait", "Default", "Meaning"), traits(Manager)),
        "## Of Jupyter Server",
        "In `jupyter_server_config.py`, or as an option of `jupyter lab`:",
        table(("Trait", "Default", "Meaning"), traits(LmsExtension)),
        "## Of the sidebar",
        "In JupyterLab's settings editor, under “Local models”:",
        table(("Setting", "Default", "Meaning"), sidebar()),
        "## Environment variables",
        table(("Variable", "Meaning"), [(f"`{n}`", told) for n, told in VARIABLES.items()]),
    )


# --- protocol ---------------------------------------------------------------------------------


def structs(kinds: Iterable[type], heading: Callable[[type], str]) -> str:
    """Describe structs or dataclasses, with their fields."""
    parts = []
    for kind in kinds:
        rows = [(f"`{name}`", f"`{type_}`", about) for name, type_, about in fields(kind)]
        parts.append(f"### {heading(kind)}\n\n{first_sentence(kind)}")
        if rows:
            parts.append(table(("Field", "Type", "Meaning"), rows))
    return "\n\n".join(parts)


def tag(kind: Any) -> str:
    """Name a struct of the wire by its tag."""
    return f"`{kind.__struct_config__.tag}` ({kind.__name__})"


def members(union: UnionType) -> tuple[type, ...]:
    """Return the members of a union."""
    return get_args(union)


def protocol() -> str:
    """Return the page of commands, replies, slices and nouns."""
    nouns = (
        models.Model,
        models.Instance,
        models.Load,
        models.Estimate,
        models.Memory,
        models.HostInfo,
        models.Problem,
    )
    return page(
        "Protocol",
        "What front ends and the manager say to each other, as JSON with a field `kind`: over the "
        "panel's comm, over the websocket `lms/slices` and in `POST lms/command` of Jupyter "
        "Server.",
        "## Commands",
        structs([commands.Envelope], lambda kind: kind.__name__),
        structs(members(commands.Command), tag),
        "## Replies",
        structs(members(replies.Reply), tag),
        "## Slices",
        structs(members(slices.Slice), tag),
        "## Nouns",
        structs(nouns, lambda kind: kind.__name__),
        "## Events of the manager",
        "Facts that change a slice. `lms_jupyter.on` tells the ones that concern a user: "
        f"{', '.join(f'`{what}`' for what in get_args(events.What))}.",
        structs(members(manager_events.Event), lambda kind: f"`{kind.__name__}`"),
    )


# --- command line -----------------------------------------------------------------------------


_NO_OPTIONS = (argparse._HelpAction, argparse._SubParsersAction)  # noqa: SLF001 - no other name


def options(parser: argparse.ArgumentParser) -> str:
    """Describe the options of a command."""
    rows = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        hidden = action.help == argparse.SUPPRESS
        if hidden or isinstance(action, _NO_OPTIONS):
            continue
        value = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
        names = [f"{name} {value}".strip() for name in action.option_strings] or [str(value)]
        choices = f"; one of {', '.join(map(str, action.choices))}" if action.choices else ""
        rows.append((", ".join(f"`{name}`" for name in names), f"{action.help or ''}{choices}"))
    return table(("Option", "Meaning"), rows) if rows else ""


def command_line() -> str:
    """Return the page of `lms-jupyter`."""
    found: dict[str, tuple[str, argparse.ArgumentParser]] = {}

    class Listing:
        """Stands in for argparse's own object, to see what is added."""

        def add_parser(self, name: str, **kwargs: Any) -> argparse.ArgumentParser:
            parser = argparse.ArgumentParser(prog=name, add_help=kwargs.get("add_help", True))
            found[name] = (kwargs.get("help", ""), parser)
            return parser

    for module in cli.COMMANDS:
        module.add_to(Listing())
    parts = []
    for name, (about, parser) in found.items():
        parts.append(f"## `lms-jupyter {name}`\n\n{about[:1].upper()}{about[1:]}.")
        parts.append(options(parser))
        if name == "engine":
            parts.append("Without one of these it becomes an engine itself, with these options:")
            parts.append(options(engine_settings._parser()))  # noqa: SLF001 - nobody else needs it
    return page("`lms-jupyter`", *parts)


def parity() -> str:
    """Return the page of LM Studio's command line, with ours beside it."""
    version, _ = lms_parity.read()
    lead = f"Every subcommand and flag of `lms` {version}, and what does the same here."
    return page(
        "LM Studio's `lms`", lead, table(("`lms`", "Here", "What differs"), [*lms_parity.rows()])
    )


BUILDERS: Mapping[str, Callable[[], str]] = {
    "magics.md": magics,
    "settings.md": settings,
    "python.md": python,
    "configuration.md": configuration,
    "protocol.md": protocol,
    "command-line.md": command_line,
    "lms.md": parity,
}


def main() -> int:
    """Write the pages, or say which are not fresh."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page is stale")
    only_check = parser.parse_args().check
    stale = []
    for name, build in BUILDERS.items():
        file, text = PAGES / name, build()
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not only_check:
                PAGES.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
    if only_check and stale:
        print(f"Not fresh: {', '.join(stale)}. Run: python .ci/reference.py")
        return 1
    print(f"{len(BUILDERS)} pages are fresh.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
