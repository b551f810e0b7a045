"""Looks for a pattern in files, for machines without ripgrep. Run as a process of its own, as a pattern may never end.

Arguments: `i` to ignore case, most lines, pattern, files. Prints `path NUL line:text`, as ripgrep does.
"""

from __future__ import annotations

import os
import re
import sys


def main() -> int:
    """Prints the lines that match; 1 where there are none."""
    case, most, text, *paths = sys.argv[1:]
    pattern = re.compile(os.fsencode(text), re.IGNORECASE if case == "i" else 0)
    left = int(most)
    for path in paths:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - pathlib would double the start of this program
                data = file.read()
        except OSError:
            continue
        for number, line in enumerate(data.split(b"\n"), 1):
            if pattern.search(line):
                sys.stdout.buffer.write(b"%b\0%d:%b\n" % (os.fsencode(path), number, line))
                left -= 1
        if left < 0:
            break
    return int(left == int(most))


if __name__ == "__main__":
    sys.exit(main())
