r"""Fills `{names}` in a prompt from the notebook. Pure.

A prompt is full of braces that mean something else: JSON, code, LaTeX, templates. So only a plain
name in braces is looked at, and only if the notebook knows it; everything else stays to the letter:

    {name}      the value, if the notebook has `name`; else as it is
    {{name}}    `{name}`, if the notebook has `name`; else as it is
    ${name}     as it is (shell, JavaScript)
    \frac{a}{b} as it is (LaTeX)
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any

_NAMED = re.compile(
    r"(?P<command>\\[A-Za-z]+(?:\{[^{}\n]*\})+)"
    r"|(?P<shell>\$\{\w+\})"
    r"|\{\{(?P<escaped>[^\W\d]\w*)\}\}"
    r"|\{(?P<name>[^\W\d]\w*)\}"
)


_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
"""What Markdown shows as code: names in braces there are most often somebody else's."""


def unfilled(prompt: str, names: Mapping[str, Any]) -> list[str]:
    """Return the names in braces that the notebook does not have, each once; not those in code.

    >>> unfilled("Sum up {txt}, as in `{name}`.", {"text": "this"})
    ['txt']
    """
    found = (match["name"] for match in _NAMED.finditer(_CODE.sub("", prompt)))
    return list(dict.fromkeys(name for name in found if name is not None and name not in names))


def unfilled_note(prompt: str, names: Mapping[str, Any]) -> str:
    """Say which names stand in the prompt as they are; empty if none does."""
    missing = unfilled(prompt, names)
    if not missing:
        return ""
    own = [name for name in names if not name.startswith("_")]
    near = difflib.get_close_matches(missing[0], own, n=1) if len(missing) == 1 else []
    listed = ", ".join(f"{{{name}}}" for name in missing)
    suggestion = f" Did you mean {{{near[0]}}}?" if near else ""
    them = "it" if len(missing) == 1 else "them"
    return f"No variable for {listed}: the prompt has {them} to the letter.{suggestion}"


def fill(prompt: str, names: Mapping[str, Any]) -> str:
    """Put the notebook's values in place of its names.

    >>> fill('Sum up {text}: {"a": 1}', {"text": "this"})
    'Sum up this: {"a": 1}'
    """

    def value(match: re.Match[str]) -> str:
        if (name := match["name"]) is not None and name in names:
            return str(names[name])
        if (escaped := match["escaped"]) is not None and escaped in names:
            return f"{{{escaped}}}"
        return match[0]

    return _NAMED.sub(value, prompt)
