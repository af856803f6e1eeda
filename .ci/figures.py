"""Prints how long files and functions are, and how much is documented: of now, or of a commit.

`python .ci/figures.py` reads the checkout, `python .ci/figures.py REVISION` what git has of it.
"""

import argparse
import ast
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
WITHOUT = ("/training/", "/tutorial/", "protocol.ts", ".test.ts", "fakePanel")
"""Not product code: it trains models, is generated, or belongs to tests."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def git(*arguments: str) -> str:
    """Return what git prints."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True).stdout


def texts(revision: str | None) -> dict[str, str]:
    """Return the product code, text by path, of the checkout or of a commit."""
    folders = ("lms_jupyter", "js/src")
    if revision is None:
        paths = git("ls-files", *folders).splitlines()
        return {path: (ROOT / path).read_text(encoding="utf-8") for path in paths if is_code(path)}
    paths = git("ls-tree", "-r", "--name-only", revision, "--", *folders).splitlines()
    return {path: git("show", f"{revision}:{path}") for path in paths if is_code(path)}


def is_code(path: str) -> bool:
    """Whether a file is product code."""
    return path.endswith((".py", ".ts", ".tsx")) and not any(part in path for part in WITHOUT)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function of a module, methods too."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def spread(lengths: Sequence[int]) -> str:
    """Write median, ninth decile and maximum."""
    ninth = statistics.quantiles(lengths, n=10)[-1]
    return f"{statistics.median(lengths):.0f} / {ninth:.0f} / {max(lengths)}"


def lines_of(text: str) -> int:
    """Count the lines that are not empty."""
    return sum(1 for line in text.splitlines() if line.strip())


def report(revision: str | None) -> None:
    """Print the figures."""
    found = texts(revision)
    trees = [ast.parse(text) for path, text in found.items() if path.endswith(".py")]
    every = [function for tree in trees for function in functions(tree)]
    lengths = [(one.end_lineno or one.lineno) - one.lineno + 1 for one in every]
    public = [one for one in every if not one.name.startswith("_")]
    documented = sum(ast.get_docstring(one) is not None for one in public)
    print(revision or "checkout")
    for name, endings in (("Python", (".py",)), ("TypeScript", (".ts", ".tsx"))):
        files = [text for path, text in found.items() if path.endswith(endings)]
        code = sum(map(lines_of, files))
        sizes = [len(text.splitlines()) for text in files]
        print(f"  {name}: {len(files)} files, {code:,} lines of code, files {spread(sizes)}")
    print(f"  Python functions: {len(every):,}, lines {spread(lengths)}")
    print(f"  public functions with a docstring: {documented}/{len(public)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", nargs="?", help="a commit; without it, the checkout")
    report(parser.parse_args().revision)
