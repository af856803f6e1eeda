"""Every bench, one after the other: `python -m tests.bench [name …]`, as in `… speed memory`.

Each file `bench_*.py` here with a function `figures()` is one. They print what they measured next
to the limit that it has to keep; the exit code says whether all do. `--llama-server PATH` says
what `gpu` runs models on.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from tests.bench.figure import Figure, load, show


def main() -> int:
    """Run the benches whose names were given, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benches (default: all)")
    parser.add_argument("--llama-server", metavar="PATH", help="what to run models on, for `gpu`")
    given = parser.parse_args()
    if given.llama_server:
        os.environ["LMS_JUPYTER_LLAMA_SERVER"] = given.llama_server
    names = given.names or sorted(
        file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py")
    )
    sys.argv[1:] = []
    print(
        f"Python {platform.python_version()}, xllamacpp {version('xllamacpp')}, "
        f"{platform.system()} {platform.machine()}"
    )
    if os.getloadavg()[0] > (os.cpu_count() or 1):
        print("Other programs keep this machine busy: limits may be missed because of them.")
    missed: list[Figure] = []
    for name in names:
        bench = importlib.import_module(f"tests.bench.bench_{name}")
        if not hasattr(bench, "figures"):
            print(f"\n▸ {name}: a program of its own, run `python -m tests.bench.bench_{name}`")
            continue
        print(f"\n▸ {name}: {(bench.__doc__ or '').partition('. Run')[0]} ({load()})", flush=True)
        missed += show(bench.figures())
    print(f"\n{len(missed)} limits missed" if missed else "\nAll limits hold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
