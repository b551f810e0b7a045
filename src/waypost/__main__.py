"""`python -m waypost`."""

import os
import sys

# `python -m` puts the working folder first on the path; nothing of the repository there may be imported by Waypost.
if not sys.flags.safe_path and sys.path and sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109 - pathlib is imported later
    del sys.path[0]

from waypost.cli.main import main

if __name__ == "__main__":
    main()
