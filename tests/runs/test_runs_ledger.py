"""What the ledger proves of real runs, through the command line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from runs_cases import Place, done, make_place, scripted, shell, write

from waypost.events import kinds
from waypost.events.kinds import ModelResponded

SECRET = "hunter2-of-the-staging-server"
PLAN = """\
# Plan

## Milestones

### Milestone M01 - A greeting [ ]

Acceptance criteria:

- [ ] M01.A1 it is there (gate: there)

```bash gate=there timeout=30
test -f greeting.txt
```
"""


@pytest.fixture(scope="module")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    folder = tmp_path_factory.mktemp("ledger")
    place = make_place(folder, {"README.md": "# Greeter\n"})
    documents = place.root / ".agent" / "greet"
    write(documents / "PROMPT.md", "# Greet\n\n## Goals\n\nGreet.\n\n## Deliverables\n\n- R-1 A greeting.\n")
    write(documents / "PLAN.md", PLAN)
    write(documents / "IMPLEMENT.md", "# How\n\nStep by step.\n")
    key = place.home / "**" / "ledger.key"
    peek = (
        f"cat {key} {place.home}/*/ledger/*; ls -la {place.home}; echo x >> .waypost/state.db; echo x > {place.home}/x"
    )
    model = scripted(folder, [shell(peek), shell("echo hello > greeting.txt"), shell(f"echo {SECRET}"), done()])
    ended = place.waypost("run", "greet", "--yes", "--json", "--model", model)
    assert ended.returncode == 0, ended.stderr
    return place, json.loads(ended.stdout.splitlines()[-1])["run"]


@pytest.fixture
def sealed(_sealed: tuple[Place, str], tmp_path: Path) -> Place:
    """A run that ended, in a log that a test may change."""
    place, _ = _sealed
    database = place.root / ".waypost" / "state.db"
    kept, outside = database.read_bytes(), next(place.home.glob("*/ledger/checkpoint"))
    note = outside.read_bytes()
    yield place
    database.write_bytes(kept)
    outside.write_bytes(note)


def change(place: Place, statement: str) -> None:
    with sqlite3.connect(place.root / ".waypost" / "state.db") as database:
        database.execute(statement)


def answers(place: Place) -> list[tuple[int, ModelResponded]]:
    with place.project() as project:
        found = [(r.seq, r.event) for r in project.log.read(kinds=(ModelResponded.kind,))]
    return [(seq, event) for seq, event in found if isinstance(event, ModelResponded)]


def test_a_finished_run_is_signed_to_its_last_event_and_its_commits_say_so(sealed: Place) -> None:
    found = json.loads(sealed.waypost("ledger", "verify", "--json").stdout)
    with sealed.project() as project:
        assert found["events"] == found["signed"] == project.log.position
    assert found["commits"] == 1
    assert (found["erased"], found["clock_ran_back_before"], found["leaves_from"]) == ([], [], 1)
    assert json.loads(sealed.waypost("ledger", "verify", "--since", "last", "--json").stdout)["events"] == 0


def test_the_agent_reads_no_key_and_writes_no_log(sealed: Place) -> None:
    with sealed.project() as project:
        shown = [project.log.text(r.event.shown) for r in project.log.read(kinds=(kinds.ToolEnded.kind,))]
    secret = next(sealed.home.glob("*/ledger/ledger.key")).read_text()
    assert "No such file" in shown[0]
    assert secret.strip() not in "".join(shown)
    assert "checkpoint" not in shown[0]
    assert not (sealed.home / "x").exists()
    assert sealed.waypost("ledger", "verify").returncode == 0


@pytest.mark.slow
def test_a_token_is_proved_to_somebody_who_has_the_key_alone(sealed: Place, tmp_path: Path) -> None:
    seq, event = answers(sealed)[0]
    assert event.tokens is not None
    proof = tmp_path / "proof.txt"
    assert sealed.waypost("ledger", "prove", f"{seq}/0", "-o", str(proof)).returncode == 0
    key = sealed.waypost("ledger", "key").stdout.strip()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    checked = sealed.waypost("ledger", "check-proof", str(proof), "--key", key, "--json", cwd=elsewhere)
    told = json.loads(checked.stdout)
    assert told["header"]["seq"] == seq
    assert told["token"] == {"index": 0, "text": "shell"}
    proof.write_text(proof.read_text().replace(f"index {seq - 1}", f"index {seq}"))
    refused = sealed.waypost("ledger", "check-proof", str(proof), "--key", key, cwd=elsewhere)
    assert (refused.returncode, refused.stdout) == (1, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("prove", "x"), "name a position"),
        (("prove", "99999"), "no event 99999"),
        (("prove", "1/0"), "no answer"),
        (("verify", "--since", "x"), "a number of events"),
        (("verify", "--key", "x"), "key"),
        (("check-proof", "nowhere"), "can't be read"),
        (("restart", "--why", " "), "--why is empty"),
    ],
)
def test_bad_input_is_told_with_its_mend(sealed: Place, arguments: tuple[str, ...], wrong: str) -> None:
    ended = sealed.waypost("ledger", *arguments)
    assert ended.returncode == 2, ended.stderr
    assert wrong in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE events SET actor = 'human' WHERE seq = 9", "event 9"),
        ("UPDATE events SET payload = replace(payload, 'M01', 'M02') WHERE seq = 6", "event 6"),
        ("DELETE FROM events WHERE seq = 5", "event 5"),
        ("DELETE FROM blobs WHERE rowid = 2", "is not in the log"),
        ("UPDATE checkpoints SET note = replace(note, '1', '2')", "checkpoint over"),
    ],
)
def test_what_was_changed_is_named(sealed: Place, statement: str, named: str) -> None:
    change(sealed, statement)
    ended = sealed.waypost("ledger", "verify")
    assert ended.returncode == 1
    assert named in ended.stderr


@pytest.mark.slow
def test_a_shorter_log_is_gone_on_with_only_on_a_persons_word(sealed: Place) -> None:
    with sealed.project() as project:
        before = project.log.position
    change(sealed, f"DELETE FROM events WHERE seq > {before - 3}")
    refused = sealed.waypost("resume")
    assert refused.returncode == 1
    assert f"events {before - 2} to {before} are lost" in refused.stderr
    assert sealed.waypost("ledger", "restart", "--why", "I took them out").returncode == 0
    with sealed.project() as project:
        last = project.log.last()
        assert last is not None
        assert isinstance(last.event, kinds.LedgerRestarted)
        assert (last.event.signed, last.event.kept, last.event.why) == (before, before - 3, "I took them out")
    assert sealed.waypost("ledger", "verify").returncode == 0


def test_the_export_is_added_to(sealed: Place, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    assert sealed.waypost("ledger", "export", str(folder)).returncode == 0
    again = sealed.waypost("ledger", "export", str(folder))
    assert (again.returncode, again.stdout.startswith("wrote")) == (0, True)
    assert (folder / "checkpoint").read_bytes() == next(sealed.home.glob("*/ledger/checkpoint")).read_bytes()


def test_an_export_is_verified_where_there_is_no_log(sealed: Place, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "tiles", tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert sealed.waypost("ledger", "export", str(folder)).returncode == 0
    key = sealed.waypost("ledger", "key").stdout.strip()
    ended = sealed.waypost("ledger", "verify", str(folder), "--key", key, "--json", cwd=elsewhere)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["entries"] == len(sealed.every())
    bundle = next(path for path in sorted((folder / "tile" / "entries").rglob("*")) if path.is_file())
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(bytes(data))
    broken = sealed.waypost("ledger", "verify", str(folder), "--key", key, cwd=elsewhere)
    assert broken.returncode == 1
    assert "entry" in broken.stderr
    assert sealed.waypost("ledger", "verify", str(tmp_path / "nothing"), "--key", key).returncode == 2


def test_stats_count_what_came_beside_what_was_reported(sealed: Place) -> None:
    found = json.loads(sealed.waypost("ledger", "stats", "--json").stdout)
    assert found["answers"] == len(answers(sealed))
    assert sum(found["pieces"].values()) == sum(e.tokens.count for _, e in answers(sealed) if e.tokens)
    assert "output tokens" in sealed.waypost("ledger", "stats").stdout


def holders(place: Place) -> list[str]:
    files = [path for path in (place.root / ".waypost").rglob("*") if path.is_file()]
    return [path.name for path in files if SECRET.encode() in path.read_bytes()]


def test_what_was_erased_is_nowhere_and_everything_else_still_holds(sealed: Place, tmp_path: Path) -> None:
    seq, _ = answers(sealed)[0]
    before = tmp_path / "before.txt"
    sealed.waypost("ledger", "prove", f"{seq}/0", "-o", str(before))
    (tmp_path / "secret").write_text(SECRET)
    ended = sealed.waypost(
        "ledger", "erase", "--containing", f"@{tmp_path / 'secret'}", "--why", "it was printed", "--json"
    )
    assert ended.returncode == 0, ended.stderr
    erased = json.loads(ended.stdout)
    assert len(erased["erased"]) >= 2, "the answer that asked for it, and the command's output"
    assert holders(sealed) == []
    found = json.loads(sealed.waypost("ledger", "verify", "--json").stdout)
    assert found["erased"] == erased["erased"]
    assert found["signed"] == found["events"]
    assert sealed.waypost("ledger", "check-proof", str(before)).returncode == 0
    with sealed.project() as project:
        tombstone = next(project.log.read(after=erased["tombstone"] - 1)).event
        assert isinstance(tombstone, kinds.PayloadErased)
        assert (tombstone.why, list(tombstone.events)) == ("it was printed", erased["erased"])
    for command in (("log",), ("status",), ("report", "--json"), ("ledger", "stats")):
        assert sealed.waypost(*command).returncode == 0, command
    again = sealed.waypost("ledger", "erase", str(erased["erased"][0]), "--why", "again")
    assert (again.returncode, "erased already" in again.stderr) == (2, True)


def test_a_content_that_somebody_just_took_away_is_no_erasure(sealed: Place) -> None:
    seq, _ = answers(sealed)[1]
    change(sealed, f"UPDATE events SET payload = NULL, salt = NULL WHERE seq = {seq}")
    assert "nobody erased it" in sealed.waypost("ledger", "verify").stderr
    change(sealed, f"INSERT INTO erased VALUES ({seq}, 3, '{{}}')")
    ended = sealed.waypost("ledger", "verify")
    assert (ended.returncode, "no tombstone speaks of it" in ended.stderr) == (1, True), ended.stderr
