"""What is offered to a gate's command so that a pytest in it tells the runtime, as it goes, what it does.

The plugin lies in a folder of its own, under a name that nobody can know before the run. It speaks through a pipe that
the runtime empties while the command runs, so what was said can't be unsaid. Each pytest that starts takes one
ticket out of a second pipe and puts it on each of its lines; a ticket that was taken is nowhere to be read again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from waypost.gates.testimony import Testimony, hear
from waypost.sandbox.output import Keeper, PipeReader

_PLUGIN = Path(__file__).with_name("witness_plugin") / "waypost_witness.py"
_LARGEST_TESTIMONY = 64 << 20
_MOST_RUNS = 64
_OWN_PATH = re.compile(r"\bPYTHONPATH=(?P<empty>(?=(?:\"\"|'')?[\"']?(?:[\s;&|)`]|$)))?")
_PLAIN_PATH = re.compile(r"[\w./+-]+")
_HIDES_PLUGIN = re.compile(
    r"\b(?:python|pypy)[\d.]*\s+(?:-\S+\s+)*?-[a-zA-Z]*[IE]|\bunset\b[^;&|\n]*\bPYTHONPATH\b"
    r"|\benv\b[^;&|\n]*\s(?:-u\s*|--unset[= ])PYTHONPATH\b"
)
_HIDES_ALL = re.compile(r"\benv\s+(?:\S+=\S*\s+)*(?:-[a-zA-Z]*i\w*|-|--ignore-environment)\s|\bexec\s+-c\s")
_NOT_LOADED = re.compile(rb"waypost_witness_[0-9a-f]{16}")


class Witness:
    """The witness of one command; `close` it whatever happens. Needs a running event loop."""

    def __init__(self, only: Collection[str] | None = None) -> None:
        """`only` are the ids of the tests to run; without them all are."""
        self._is_restricted = only is not None
        self._name = f"waypost_witness_{secrets.token_hex(8)}"
        self.folder = Path(tempfile.mkdtemp(prefix="waypost-witness-"))
        (self.folder / f"{self._name}.py").write_bytes(_PLUGIN.read_bytes())
        if only is not None:
            (self.folder / "only.json").write_text(json.dumps(sorted(only)), encoding="utf-8")
        self._tickets = tuple(secrets.token_hex(16) for _ in range(_MOST_RUNS))
        self._ticket_end = self._written("".join(f"{ticket}\n" for ticket in self._tickets))
        read_end, self._write_end = os.pipe()
        self._keeper = Keeper(_LARGEST_TESTIMONY)
        self._reader = PipeReader(read_end, self._keeper)

    @staticmethod
    def _written(text: str) -> int:
        read_end, write_end = os.pipe()
        os.write(write_end, text.encode())
        os.close(write_end)
        return read_end

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """The descriptors that must stay open in the command."""
        return self._ticket_end, self._write_end

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """The command's environment with what leads a pytest to the plugin."""
        path = os.pathsep.join(part for part in (str(self.folder), given.get("PYTHONPATH", "")) if part)
        plugins = ",".join(part for part in (self._name, given.get("PYTEST_PLUGINS", "")) if part)
        inode = os.fstat(self._write_end).st_ino
        return {
            **given,
            "PYTHONPATH": path,
            # Either would do; both, as a command may set one of them itself.
            "PYTEST_ADDOPTS": f"-p {self._name}",
            "PYTEST_PLUGINS": plugins,
            "WAYPOST_WITNESS": f"{self._ticket_end}:{self._write_end}:{inode}",
        }

    def text(self, command: str) -> str:
        """The command, which runs as it stands, but that its own PYTHONPATH= has the witness's folder in front."""
        folder = str(self.folder)
        if not _PLAIN_PATH.fullmatch(folder):  # it can't be put into any kind of quotes
            return command
        return _OWN_PATH.sub(lambda found: f"PYTHONPATH={folder}{':' if found['empty'] is None else ''}", command)

    def hear(self) -> Testimony:
        """All that was said until now."""
        self._reader.drain()
        kept = self._keeper.kept()
        return hear(kept.data, self._tickets, cut=bool(kept.dropped), restricted=self._is_restricted)

    def could_not_be_loaded(self, output: bytes) -> bool:
        """Whether a pytest in the command failed only because it did not find the plugin, as it says."""
        return _NOT_LOADED.search(output) is not None and b"rror importing plugin" in output

    def close(self) -> None:
        """Lets go of the pipes and removes the folder."""
        self._reader.close()
        for descriptor in (self._ticket_end, self._write_end):
            with suppress(OSError):
                os.close(descriptor)
        shutil.rmtree(self.folder, ignore_errors=True)


def hides_plugin(command: str) -> bool:
    """Whether a command's text keeps Python's path from its pytest, so that no plugin of ours can be found."""
    return _HIDES_PLUGIN.search(command) is not None


def hides_everything(command: str) -> bool:
    """Whether a command's text keeps the whole environment from its pytest, so that it never hears of a plugin."""
    return _HIDES_ALL.search(command) is not None
