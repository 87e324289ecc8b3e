"""``python -m skdl`` is the console script ``skdl``."""

import sys

from skdl.cli import main

if __name__ == "__main__":
    sys.exit(main())
