"""Takes the README's pictures anew: `.venv/bin/python .ci/pictures.py`.

The browser tests photograph JupyterLab; this runs the ones that do it for the README, and copies
what they saw to `.github/images`.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SEEN = ROOT / "tests" / "browser" / "artifacts"
IMAGES = ROOT / ".github" / "images"


def main() -> None:
    """Take them, and name those that changed."""
    test = "tests/browser/test_pictures.py"
    subprocess.run([sys.executable, "-m", "pytest", "-q", test], cwd=ROOT, check=True)
    for picture in sorted(SEEN.glob("readme-*.png")):
        name = picture.name.removeprefix("readme-")
        shutil.copyfile(picture, IMAGES / name)
        print(f"{name}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
