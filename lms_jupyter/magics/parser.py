"""Text → command or query. Knows nothing of IPython."""

import re
from collections.abc import Sequence
from typing import Any

from lms_jupyter.magics.grammar import (
    Argument,
    Flag,
    Verb,
    VerbRegistry,
    chosen,
    parser_of,
    read,
    split,
)
from lms_jupyter.magics.verbs import (
    deleting,
    downloads,
    host,
    hosts,
    link,
    listing,
    loading,
    memory,
    notebook,
    presets,
    runtime,
    talking,
    usage,
)
from lms_jupyter.magics.verbs.notebook import ShowHelp

_DAY = re.compile(r"until \d{4}-\d\d-\d\d", re.ASCII)
ASKS_FOR_HELP = ("-h", "--help")

BOOK = VerbRegistry()
BOOK.add(
    *listing.VERBS[:3],
    *loading.VERBS,
    *memory.VERBS,
    *talking.VERBS,
    *downloads.VERBS,
    *deleting.VERBS,
    *host.VERBS,
    *hosts.VERBS,
    *link.VERBS,
    *runtime.VERBS,
    *presets.VERBS,
    *listing.VERBS[3:],
    *usage.VERBS,
    *notebook.VERBS,
    Verb(
        name="help",
        summary="explain a verb",
        build=lambda a: ShowHelp(text=help_text(a.verb)),
        words=(Argument(dest="verb", metavar="VERB", many="optional", completes="verb"),),
    ),
)


def parse(line: str) -> Any:
    """Read one `%lms` line into what it asks for.

    >>> parse("unload chat").identifier
    'chat'

    Raises:
        CommandError: The line makes no sense; the hint says what would.
    """
    words = split(line)
    if not words or words[0] in ASKS_FOR_HELP:
        return ShowHelp(text=help_text())
    verb = chosen(words[0], BOOK.verbs)
    if set(ASKS_FOR_HELP) & set(words[1:]):
        return ShowHelp(text=help_text(verb.name))
    return verb.build(read(verb, in_one_word(words[1:])))


def in_one_word(words: Sequence[str]) -> list[str]:
    """Join what `--keep` takes in several words: `until 18:00`, `until 2027-01-31 09:00`."""
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        is_value = joined[-2:-1] == ["--keep"] and (
            before == "until" or (_DAY.fullmatch(before) is not None and ":" in word)
        )
        if is_value:
            joined[-1] = f"{before} {word}"
        else:
            joined.append(word)
    return joined


def help_text(name: str | None = None) -> str:
    """Explain a verb, or name them all."""
    if name is not None:
        return parser_of(chosen(name, BOOK.verbs)).format_help()
    width = max(map(len, BOOK.verbs))
    lines = [f"  {verb.name.ljust(width)}  {verb.summary}" for verb in BOOK.verbs.values()]
    return "\n".join(
        [
            "usage: %lms VERB ...    and    %%lms [KEY] [flags] above a prompt",
            "",
            "See and manage models in memory.",
            "",
            "verbs:",
            *lines,
            "",
            "`%lms help VERB` explains one.",
            "",
        ]
    )


def verb_names() -> Sequence[str]:
    """Name every verb, for completion."""
    return tuple(BOOK.verbs)


def flags_of(verb: str) -> Sequence[Flag]:
    """Return the flags of a verb; none for an unknown one."""
    return BOOK.verbs[verb].flags if verb in BOOK.verbs else ()
