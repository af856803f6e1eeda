r"""Text from elsewhere, made safe to print: names of models and hosts, logs, answers.

A terminal obeys control sequences wherever they stand, and bidirectional controls reorder the
line that they are in, so a name could clear the screen, set the window's title or look like
another name. Each such character is shown as Python writes it in a string: `\x1b`.
"""

import re

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
"""C0 and C1 without tab and line feed."""
_REORDERING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SEPARATORS = "\u2028\u2029"
_SURROGATES = "\ud800-\udfff"
"""What a file name that is no UTF-8 is decoded to; writing one to a stream fails."""
_UNSAFE = re.compile(f"[{_CONTROLS}{_REORDERING}{_SEPARATORS}{_SURROGATES}]")
_UNSAFE_OR_BREAK = re.compile(f"[{_CONTROLS}{_REORDERING}{_SEPARATORS}{_SURROGATES}\t\n]")
_TOKEN = re.compile(r"sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}")


def holds_token(text: str) -> bool:
    """Whether there is an API token in a text, in the form that LM Studio gives out."""
    return _TOKEN.search(text) is not None


def without_tokens(text: str) -> str:
    """Return a text in which no API token can be read.

    >>> without_tokens("no address: 'sk-lm-abcdefgh:0123456789abcdefghij'")
    "no address: 'sk-lm-…'"
    """
    return _TOKEN.sub("sk-lm-…", text)


def printable(text: str) -> str:
    r"""Return text whose control characters are shown instead of obeyed; lines and tabs stay.

    >>> printable("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    return _UNSAFE.sub(_shown, text)


def printable_line(text: str) -> str:
    r"""Return text that stays on its line: line feeds and tabs are shown too.

    >>> printable_line("two\nlines")
    'two\\nlines'
    """
    return _UNSAFE_OR_BREAK.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")
