"""Text → command or query. Knows nothing of IPython."""

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
    return verb.build(read(verb, words[1:]))


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
