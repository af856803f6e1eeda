"""What was made from which files, so that nothing is made twice from the same ones."""

import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAMPS = ROOT / ".venv" / "stamps"


def digest(files: Iterable[Path]) -> str:
    """Return the digest of names and contents, and of the Python that runs this."""
    whole = hashlib.sha256(sys.version.encode())
    for file in sorted(files):
        whole.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()


def once(
    name: str, files: Iterable[Path], products: Iterable[Path], make: Callable[[], None]
) -> None:
    """Make something, unless it is there and was made from the same files.

    Args:
        name: Of the stamp.
        files: What it is made from.
        products: What has to be there afterwards.
        make: Makes it.
    """
    stamp, wanted = STAMPS / name, digest(files)
    is_there = all(product.exists() for product in products)
    if is_there and stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    make()
    STAMPS.mkdir(exist_ok=True)
    stamp.write_text(wanted)
