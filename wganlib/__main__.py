"""Let ``python -m wganlib`` train, sample and score."""

import sys

from wganlib.cli import main

if __name__ == "__main__":
    sys.exit(main())
