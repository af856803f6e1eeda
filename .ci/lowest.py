"""Runs tests with the oldest versions that `pyproject.toml` allows: `python .ci/lowest.py [tests]`.

A lower bound that nobody tries is a guess. The environment is `.venv-lowest`; the tools of the
tests themselves are the newest, as ever.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv-lowest"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
TESTS = ("errors", "protocol", "hosts", "manager", "api", "magics", "widgets", "server", "engine")


def lowest(requirements: Iterable[str]) -> list[str]:
    """Turn `name>=1.2` into `name==1.2`; what has no lower bound is left out."""
    found = (re.match(r"([\w-]+)(?:\[\w+\])?.*>=([\w.]+)", line) for line in requirements)
    return [f"{match[1]}=={match[2]}" for match in found if match]


def main() -> int:
    """Make the environment anew and run the tests in it."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = told["optional-dependencies"]
    bounds = lowest([*told["dependencies"], *extras["engine"]])
    print("Lowest versions:", ", ".join(bounds), flush=True)
    tools = [line for line in extras["test"] if not line.startswith("lms-jupyter")]
    lab = [line for line in extras["demo"] if not line.startswith("lms-jupyter")]
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    install = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([*install, *bounds, *tools, *lab], check=True)
    subprocess.run(
        [*install, "--no-deps", "-e", str(ROOT)],
        check=True,
        env={**os.environ, "SKIP_JUPYTER_BUILDER": "1"},
    )
    tests = sys.argv[1:] or [f"tests/{name}" for name in TESTS]
    return subprocess.run([str(PYTHON), "-m", "pytest", *tests], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
