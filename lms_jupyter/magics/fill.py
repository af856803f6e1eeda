r"""Fills `{names}` in a prompt from the notebook. Pure.

A prompt is full of braces that mean something else: JSON, code, LaTeX, templates. So only a plain
name in braces is looked at, and only if the notebook knows it; everything else stays to the letter:

    {name}      the value, if the notebook has `name`; else as it is
    {{name}}    `{name}`, if the notebook has `name`; else as it is
    ${name}     as it is (shell, JavaScript)
    \frac{a}{b} as it is (LaTeX)
"""

import re
from collections.abc import Mapping
from typing import Any

_NAMED = re.compile(
    r"(?P<command>\\[A-Za-z]+(?:\{[^{}\n]*\})+)"
    r"|(?P<shell>\$\{\w+\})"
    r"|\{\{(?P<escaped>[^\W\d]\w*)\}\}"
    r"|\{(?P<name>[^\W\d]\w*)\}"
)


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
