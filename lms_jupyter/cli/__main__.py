"""`python -m lms_jupyter.cli`, the same as `lms-jupyter`."""

import sys

from lms_jupyter.cli import main

if __name__ == "__main__":
    sys.exit(main())
