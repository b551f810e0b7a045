"""The environment's fingerprint beside pip's own lists: seconds for 0, 50 and 200 distributions, in one run.

python bench/fingerprint.py [--repeat 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from waypost.environment.build import BuiltEnvironment, EnvironmentSpec
from waypost.environment.clean import base_variables

SIZES = (0, 50, 200)
FILES = 40
"""In each distribution, about the median of PyPI's most downloaded."""
ONE = (
    "import sys, time; from pathlib import Path; from fingerprint import SPEC, built; "
    "from waypost.environment.fingerprint import fingerprint; place = Path(sys.argv[1]); "
    "now = time.perf_counter; start = now(); fingerprint(SPEC, place, built(place)); first = now() - start; "
    "start = now(); fingerprint(SPEC, place, built(place)); again = now() - start; "
    "start = now(); fingerprint(SPEC, place, built(place), deep=True); print(first, again, now() - start)"
)
SPEC = EnvironmentSpec(interpreter="python3")


def built(place: Path) -> BuiltEnvironment:
    return BuiltEnvironment(place, "bench", base_variables(), False, 0.0, None, (), os.path.realpath(sys.executable))


def filled(place: Path, count: int) -> Path:
    """A virtual environment with so many distributions, each of small files with a true RECORD."""
    import base64
    import hashlib

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    site = next(place.glob("lib/python*/site-packages"))
    for number in range(count):
        name, lines = f"made{number:03}", []
        files = {f"{name}/m{n}.py": b"x = 1\n" * 200 for n in range(FILES)}
        files[f"{name}-1.0.dist-info/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
        for path, content in files.items():
            (site / path).parent.mkdir(exist_ok=True)
            (site / path).write_bytes(content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{path},sha256={digest},{len(content)}\n")
        (site / f"{name}-1.0.dist-info" / "RECORD").write_text("".join(lines))
    return place


def seconds(work: Callable[[], object], repeat: int) -> float:
    """The quickest of some times."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(place: Path, repeat: int) -> list[float]:
    """A fresh process's first look, its second, and a deep one, without the process's own start."""
    root = Path(__file__).parent
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root.parent / "src")])}
    command = [sys.executable, "-c", ONE, str(place)]
    runs = [
        subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout for _ in range(repeat)
    ]
    return [min(times) for times in zip(*([float(text) for text in run.split()] for run in runs), strict=True)]


def theirs(place: Path, command: str, repeat: int) -> float:
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), command]
    return seconds(lambda: subprocess.run(pip, check=True, capture_output=True), repeat)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeat", type=int, default=3, help="the quickest of so many counts")
    repeat = parser.parse_args().repeat
    print("| distributions | first | again | deep | pip freeze | pip inspect |\n|---|---|---|---|---|---|")
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-fingerprint-") as folder:
            place = filled(Path(folder) / "env", size)
            found = [*ours(place, repeat), *(theirs(place, command, repeat) for command in ("freeze", "inspect"))]
        print(f"| {size} | " + " | ".join(f"{value:.3f} s" for value in found) + " |")


if __name__ == "__main__":
    main()
