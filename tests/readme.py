"""What stands in the README, for the tests that do what it says."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[list[str]]:
    """Return the commands of the shell blocks, split into words."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def commands(program: str) -> list[list[str]]:
    """Return what stands behind a program's name in the shell blocks."""
    return [words[1:] for words in shell_lines() if words[0] == program]
