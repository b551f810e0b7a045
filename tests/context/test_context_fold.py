"""The fold: legal, smaller than its target, forgetting nothing that must be kept, and rebuilt equal from the log."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from waypost.context.conversation import KINDS, Conversation
from waypost.context.fold import Budget, Known, fold
from waypost.context.legal import broken_properties
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.history import last_live, live
from waypost.events.journal import Journal
from waypost.events.sqlite import SqliteLog
from waypost.models.codec import response_to_json
from waypost.models.estimate import Estimator
from waypost.wires.conversation import (
    AssistantMessage,
    Reasoning,
    Response,
    Stop,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)

BUDGET = Budget(window=8_000, overhead=1_500)
KNOWN = Known("### Decisions\n- dates: use date (M01)", "unit: exit 1: 2 of 41 tests failed")


def answered(number: int, calls: int, words: str = "", arguments: str = "{}") -> kinds.ModelResponded:
    parts = [Reasoning("messages", {"type": "thinking", "signature": f"s{number}"})]
    parts += [Text(words)] if words else []
    parts += [ToolCall(f"c{number}-{index}", "shell", arguments) for index in range(calls)]
    response = Response(AssistantMessage(tuple(parts)), Stop.CALLS)
    return kinds.ModelResponded(
        "M01", number, Blob.of(json.dumps(response_to_json(response))), "calls", kinds.Spent(1, 1)
    )


class Working(RuleBasedStateMachine):
    """An attempt in a real log: steps of any size, notes, folds; its working set rebuilt after each."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.log = SqliteLog(Path(self.folder.name) / "state.db")
        self.log._database.execute("PRAGMA synchronous = OFF")
        self.conversation = Conversation.empty(self.log.content, Estimator())
        self.journal = Journal(self.log, "r", self.log.claim("r"), (self.conversation.apply,))
        self.journal.write(kinds.AttemptOpened("M01", 1, Blob.of("rules"), Blob.of("# Briefing\nthe target " * 40)))
        self.number = 0

    @rule(calls=st.integers(1, 3), size=st.sampled_from([10, 400, 3000, 60_000]), words=st.text(max_size=20))
    def a_step(self, calls: int, size: int, words: str) -> None:
        self.number += 1
        self.journal.write(answered(self.number, calls, words))
        for index in range(calls):
            call = f"c{self.number}-{index}"
            called = self.journal.write(kinds.ToolCalled("M01", call, "shell", self.number, "ls"))[0]
            text = f"output of {call}\n" + "word 12, " * (size // 9)
            ended = kinds.ToolEnded("M01", call, "shell", "done", Blob.of(text), called.seq, facts=(("exit", 0),))
            self.journal.write(ended)

    @rule(size=st.sampled_from([100, 40_000]))
    def a_step_with_large_arguments(self, size: int) -> None:
        self.number += 1
        self.journal.write(answered(self.number, 1, arguments=json.dumps({"text": "x y " * size})))
        self.journal.write(kinds.ToolEnded("M01", f"c{self.number}-0", "write", "done", Blob.of("written"), 1))

    @rule()
    def a_note(self) -> None:
        self.journal.write(kinds.NoteTold("M01", Blob.of("The human says: go on"), "x"))

    @precondition(lambda self: self.conversation.tokens > BUDGET.trigger)
    @rule()
    def a_fold(self) -> None:
        event = fold(self.conversation, BUDGET, KNOWN, "M01")
        self.journal.write(event)
        assert self.conversation.tokens <= BUDGET.trigger, "a fold must not set off the next one"
        summary = self.conversation.messages[1].text
        assert "use date" in summary
        assert "2 of 41 tests failed" in summary

    @invariant()
    def the_working_set_is_legal(self) -> None:
        assert broken_properties(self.conversation.messages) == ()

    @invariant()
    def it_is_rebuilt_equal_from_the_log(self) -> None:
        again = Conversation.empty(self.log.content, Estimator())
        again.extend(live(self.log, "r", KINDS))
        assert again.messages == self.conversation.messages
        folded = last_live(self.log, "r", (kinds.ContextFolded.kind,))
        if folded is not None:
            short = Conversation.empty(self.log.content, Estimator())
            short.apply(last_live(self.log, "r", (kinds.AttemptOpened.kind,)))
            short.apply(folded)
            short.extend(live(self.log, "r", KINDS, after=folded.seq))
            assert short.messages == self.conversation.messages
            assert (short.fixed, short.digest) == (self.conversation.fixed, self.conversation.digest)

    def teardown(self) -> None:
        self.log.close()
        self.folder.cleanup()


TestWorking = pytest.mark.slow(Working.TestCase)
TestWorking.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)


@pytest.mark.slow
def test_hundreds_of_steps_stay_within_the_window_and_fold_rarely(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "state.db")
    log._database.execute("PRAGMA synchronous = OFF")
    conversation = Conversation.empty(log.content, Estimator())
    budget = Budget(32_000, 2_500)
    journal = Journal(log, "r", log.claim("r"), (conversation.apply,))
    journal.write(kinds.AttemptOpened("M01", 1, Blob.of("rules"), Blob.of("briefing " * 200)))
    folds, largest = 0, 0
    for number in range(700):
        if conversation.tokens > budget.trigger:
            journal.write(fold(conversation, budget, KNOWN, "M01"))
            folds += 1
        text = f"step {number}\n" + "src/mod_12.py:33: value 0.123\n" * 60
        journal.write(
            answered(number, 1),
            kinds.ToolCalled("M01", f"c{number}-0", "shell", number),
            kinds.ToolEnded("M01", f"c{number}-0", "shell", "done", Blob.of(text), 5),
        )
        largest = max(largest, conversation.tokens)
    assert largest <= budget.trigger + 2_000
    assert folds <= 700 / 15
    assert conversation.forgotten > 100
    log.close()


def test_each_illegal_working_set_is_named() -> None:
    call, result = AssistantMessage((ToolCall("a", "shell", "{}"),)), ToolMessage("a", "x")
    start = UserMessage("go")
    assert broken_properties([call, result]) == ("begins with the user",)
    assert broken_properties([start, call]) == ("results follow their calls",)
    assert broken_properties([start, result]) == ("results follow their calls",)
    assert broken_properties([start, call, start, result]) == ("results follow their calls",)
    assert broken_properties([start, call, result, call, result]) == ("call ids are unique",)
    assert broken_properties([start, AssistantMessage(())]) == ("no answer is empty",)


@given(st.lists(st.sampled_from("uartx"), max_size=12))
def test_what_is_called_legal_pairs_every_call_with_one_result(shape: list[str]) -> None:
    messages, number, open_calls = [UserMessage("go")], 0, []
    for letter in shape:
        if letter == "u":
            messages.append(UserMessage("more"))
        elif letter == "a":
            number += 1
            open_calls = [f"{number}"]
            messages.append(AssistantMessage((ToolCall(f"{number}", "shell", "{}"),)))
        elif letter == "t":
            messages.append(AssistantMessage((Text("words"),)))
        else:
            messages.append(ToolMessage(open_calls.pop() if open_calls else "none", "x"))
    if not broken_properties(messages):
        calls = [c.id for m in messages if isinstance(m, AssistantMessage) for c in m.calls]
        results = [m.call_id for m in messages if isinstance(m, ToolMessage)]
        assert calls == results
