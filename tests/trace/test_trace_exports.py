"""Each export against the rules of its format, checked by code that shares nothing with ours."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from uuid import UUID

import pytest
from trace_cases import REPORT_PATH, SUMS, Played, git, waypost

HEX = re.compile(r"[0-9a-f]+")


@pytest.fixture(scope="module")
def exported(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All formats of one run, written by the real command."""
    folder = tmp_path_factory.mktemp("exported")
    for form in ("git-ai", "agent-trace", "otel", "in-toto"):
        ended = waypost(played.root, "trace", "--export", form, str(folder), "--run", played.run)
        assert ended.returncode == 0, ended.stderr
    return folder


def commits(played: Played) -> dict[str, str]:
    """The milestones' commits of the run by milestone."""
    listed = git(played.root, "log", "--format=%H %s", f"{played.base}..{played.branch}").splitlines()
    return {line[41:44]: line[:40] for line in listed}


def file_lines(played: Played, commit: str, path: str) -> list[str]:
    return git(played.root, "show", f"{commit}:{path}").split("\n")


def added(played: Played, commit: str, path: str) -> set[int]:
    """The lines that the commit put in, by git's own diff."""
    diff = git(played.root, "diff-tree", "-p", "-U0", "-M", f"{commit}^", commit, "--", path)
    found: set[int] = set()
    for start, count in re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", diff, re.MULTILINE):
        found |= set(range(int(start), int(start) + int(count or 1)))
    return found


# --- Git AI Standard 3.0.0 -------------------------------------------------------------------------------------------

KEY = re.compile(r"s_[0-9a-f]{14}::t_[0-9a-f]{14}")
RANGES = re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*")


def read_note(text: str) -> tuple[dict[str, dict[str, list[int]]], dict[str, Any]]:
    """A reader of authorship logs, written from the standard."""
    head, divider, tail = text.partition("\n---\n")
    assert divider
    files: dict[str, dict[str, list[int]]] = {}
    path = ""
    for row in head.split("\n"):
        if not row.startswith(" "):
            path = row[1:-1] if row.startswith('"') else row
            assert path not in files
            assert row.startswith('"') == bool(re.search(r"\s", path))
            files[path] = {}
            continue
        found = re.fullmatch(r"  (\S+) (\S+)", row)
        assert found is not None, row
        assert KEY.fullmatch(found[1])
        assert RANGES.fullmatch(found[2])
        numbers: list[int] = []
        for part in found[2].split(","):
            first, _, last = part.partition("-")
            assert 1 <= int(first) <= int(last or first)
            numbers += range(int(first), int(last or first) + 1)
        assert numbers == sorted(set(numbers))
        files[path][found[1]] = numbers
    return files, json.loads(tail)


@pytest.mark.slow
def test_authorship_notes_keep_to_the_git_ai_standard(played: Played, exported: Path) -> None:
    found = commits(played)
    assert {file.stem for file in exported.glob("*.note")} == set(found.values())
    for milestone, commit in found.items():
        files, metadata = read_note((exported / f"{commit}.note").read_text())
        assert metadata["schema_version"] == "authorship/3.0.0"
        assert metadata["base_commit_sha"] == commit
        assert metadata["prompts"] == {}
        assert files, milestone
        for path, keys in files.items():
            assert keys, "files without lines are left out"
            told = [number for numbers in keys.values() for number in numbers]
            assert len(told) == len(set(told)), "a line has one author"
            assert max(told) <= len(file_lines(played, commit, path))
            assert {key.split("::")[0] for key in keys} <= metadata["sessions"].keys()
        for session in metadata["sessions"].values():
            assert session["agent_id"] == {"tool": "waypost", "id": f"{played.run}/{milestone}",
                                           "model": session["agent_id"]["model"]}  # fmt: skip
            assert "messages" not in session


def test_the_lines_of_a_note_are_those_that_the_commit_put_in(played: Played, exported: Path) -> None:
    commit = commits(played)["M01"]
    files, _ = read_note((exported / f"{commit}.note").read_text())
    numbers = {number for found in files[SUMS].values() for number in found}
    assert numbers <= added(played, commit, SUMS) | {max(numbers) + 1}
    assert len(numbers) >= len(added(played, commit, SUMS)) - 2


# --- Agent Trace 0.1.0 -----------------------------------------------------------------------------------------------


def check_record(record: dict[str, Any]) -> None:
    """The record's schema, written from the specification."""
    assert record.keys() <= {"version", "id", "timestamp", "vcs", "tool", "files", "metadata"}
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", record["version"])
    UUID(record["id"])
    assert datetime.fromisoformat(record["timestamp"]).tzinfo is not None
    assert record["vcs"]["type"] == "git"
    assert re.fullmatch(r"[0-9a-f]{40}", record["vcs"]["revision"])
    assert all(isinstance(record["tool"][name], str) for name in ("name", "version"))
    for file in record["files"]:
        assert not file["path"].startswith("/")
        for conversation in file["conversations"]:
            assert urlparse(conversation["url"]).scheme
            assert conversation["contributor"]["type"] in {"human", "ai", "mixed", "unknown"}
            assert len(conversation["contributor"]["model_id"]) <= 250
            for one in conversation["ranges"]:
                assert 1 <= one["start_line"] <= one["end_line"]
                assert isinstance(one["content_hash"], str)


def test_trace_records_keep_to_agent_trace(played: Played, exported: Path) -> None:
    for milestone, commit in commits(played).items():
        record = json.loads((exported / f"{commit}.agent-trace.json").read_text())
        check_record(record)
        assert record["version"] == "0.1.0"
        assert record["vcs"]["revision"] == commit
        assert record["metadata"]["waypost"]["milestone"] == milestone
    last = json.loads((exported / f"{commits(played)['M03']}.agent-trace.json").read_text())
    (report,) = [file for file in last["files"] if file["path"] == REPORT_PATH]
    (conversation,) = report["conversations"]
    whole = len(file_lines(played, commits(played)["M03"], REPORT_PATH))
    assert [(one["start_line"], one["end_line"]) for one in conversation["ranges"]] == [(1, whole)]


# --- OTLP ------------------------------------------------------------------------------------------------------------


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for one in span["attributes"]:
        ((form, value),) = one["value"].items()
        assert form in {"stringValue", "intValue", "boolValue", "doubleValue", "arrayValue"}
        assert form != "intValue" or (isinstance(value, str) and int(value) >= 0), "64-bit numbers are texts in JSON"
        found[one["key"]] = value
    assert len(found) == len(span["attributes"]), "keys are unique"
    return found


def test_spans_keep_to_otlp_and_to_the_conventions_for_generative_ai(played: Played, exported: Path) -> None:
    data = json.loads((exported / f"{played.run}.otlp.json").read_text())
    (resource,) = data["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    spans = scope["spans"]
    names = {span["spanId"]: span for span in spans}
    assert len(names) == len(spans)
    roots = [span for span in spans if "parentSpanId" not in span]
    assert len(roots) == 1
    for span in spans:
        assert len(span["traceId"]) == 32
        assert len(span["spanId"]) == 16
        assert HEX.fullmatch(span["traceId"] + span["spanId"])
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["kind"] in {1, 3}
        parent = names.get(span.get("parentSpanId", ""))
        assert parent is not None or span is roots[0]
        facts = attributes(span)
        operation = facts["gen_ai.operation.name"]
        assert operation in {"chat", "execute_tool", "invoke_agent"}
        assert span["name"].startswith(f"{operation} ")
        assert operation == "execute_tool" or facts["gen_ai.provider.name"]
        assert ("error.type" in facts) == (span["status"].get("code") == 2)
        if operation == "execute_tool":
            assert span["name"] == f"execute_tool {facts['gen_ai.tool.name']}"
            assert facts["gen_ai.tool.call.id"]
        if operation == "chat":
            assert span["kind"] == 3
            assert int(facts["gen_ai.usage.input_tokens"]) > 0


def test_there_is_a_span_for_each_answer_and_each_call(played: Played, exported: Path) -> None:
    spans = json.loads((exported / f"{played.run}.otlp.json").read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    counted = {name: sum(span["name"].startswith(name) for span in spans) for name in ("chat", "execute_tool")}
    log = played.log()
    answers = sum(1 for _ in log.read(played.run, kinds=("model.responded",)))
    calls = sum(1 for _ in log.read(played.run, kinds=("tool.ended",)))
    log.close()
    assert counted == {"chat": answers, "execute_tool": calls}


# --- in-toto ---------------------------------------------------------------------------------------------------------


def check_descriptor(one: dict[str, Any]) -> None:
    """A ResourceDescriptor: at least one of uri, digest and content; digests are lower-case hexadecimal."""
    assert one.keys() <= {"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"}
    assert one.keys() & {"uri", "digest", "content"}
    for algorithm, value in one.get("digest", {}).items():
        assert HEX.fullmatch(value), (algorithm, value)


def test_the_attestation_is_an_in_toto_statement_of_what_was_built(played: Played, exported: Path) -> None:
    statement = json.loads((exported / f"{played.run}.intoto.json").read_text())
    assert statement.keys() == {"_type", "subject", "predicateType", "predicate"}
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    (subject,) = statement["subject"]
    check_descriptor(subject)
    head = git(played.root, "rev-parse", played.branch, f"{played.branch}^{{tree}}").split()
    assert list(subject["digest"].values()) == head
    definition, details = statement["predicate"]["buildDefinition"], statement["predicate"]["runDetails"]
    assert urlparse(definition["buildType"]).scheme
    assert isinstance(definition["externalParameters"], dict)
    for one in [*definition["resolvedDependencies"], *details["byproducts"]]:
        check_descriptor(one)
    assert definition["resolvedDependencies"][0]["digest"] == {"gitCommit": played.base}
    assert urlparse(details["builder"]["id"]).scheme
    assert details["metadata"]["invocationId"] == played.run
    for name in ("startedOn", "finishedOn"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", details["metadata"][name])


def test_each_gate_that_counted_is_attested_with_a_digest_of_its_evidence(played: Played, exported: Path) -> None:
    predicate = json.loads((exported / f"{played.run}.intoto.json").read_text())["predicate"]
    verdicts = predicate["runDetails"]["byproducts"]
    counted = {one["name"] for one in verdicts if one["annotations"]["purpose"] == "milestone"}
    assert counted == {"gate:M01/gm01", "gate:M02/gm02", "gate:M03/gm03"}
    assert {one["annotations"]["verdict"] for one in verdicts} == {"green"}
    log = played.log()
    for one in verdicts:
        seq = one["annotations"]["position"]
        record = next(log.read(after=seq - 1, until=seq))
        assert one["annotations"]["eventDigest"] == record.digest
        assert one["digest"]["sha256"] == record.event.evidence.sha256
    log.close()


# --- bad input -------------------------------------------------------------------------------------------------------


def test_an_unknown_format_is_bad_input_and_names_the_known_ones(played: Played, tmp_path: Path) -> None:
    ended = waypost(played.root, "trace", "--export", "spdx", str(tmp_path / "out"))
    assert ended.returncode == 2
    assert "git-ai, agent-trace, otel, in-toto" in ended.stderr
    assert not (tmp_path / "out").exists()
