from __future__ import annotations

import pytest

from waypost.cli.errors import CommandError, Exit, NotSo, Told, exit_code
from waypost.events.event import EventError
from waypost.events.log import StoreFull
from waypost.models.model import BadModel, ModelError
from waypost.runs.project import RunError
from waypost.workspace.errors import BadRepository, DiskFull


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (CommandError("x"), Exit.BAD_INPUT),
        (NotSo("x"), Exit.NOT_SO),
        (RunError("x"), Exit.BAD_INPUT),
        (EventError("x"), Exit.BAD_INPUT),
        (StoreFull("x"), Exit.MACHINE_LACKS),
        (DiskFull("x"), Exit.MACHINE_LACKS),
        (BadRepository("x"), Exit.BAD_INPUT),
        (BadModel("x"), Exit.BAD_INPUT),
        (ModelError("x"), Exit.NOT_SO),
        (OSError(28, "No space left on device"), Exit.MACHINE_LACKS),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (TypeError("x"), Exit.BUG),
        (KeyError("x"), Exit.BUG),
    ],
)
def test_every_error_has_its_exit_code(problem: BaseException, code: int) -> None:
    assert exit_code(problem) == code


def test_an_expected_error_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, Told():
        raise RunError("no run here yet; `waypost run` starts one")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "waypost: no run here yet; `waypost run` starts one\n"


def test_an_unexpected_error_says_where_and_that_nothing_was_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, Told():
        raise ZeroDivisionError("division by \x1b[31mzero")
    said = capsys.readouterr().err
    assert ended.value.code == 70
    assert "ZeroDivisionError: division by zero" in said
    assert "test_cli_errors.py:" in said
    assert "this is a bug in Waypost; nothing was lost: `waypost resume`" in said


def test_an_error_cannot_move_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), Told():
        raise CommandError("bad name \x1b]0;owned\x07x\x1b[2J")
    assert "\x1b" not in capsys.readouterr().err
