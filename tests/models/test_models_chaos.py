from __future__ import annotations

import asyncio
import json
from typing import Any

import models_cases as cases
import pytest

from waypost.models.answers import WrittenAnswer, WrittenCall
from waypost.models.asking import Retry, RetryPolicy, ask
from waypost.models.chaos import ChaosModel, Faults
from waypost.models.clock import FakeClock
from waypost.models.model import TransientFailure
from waypost.models.scripted import Script, ScriptedModel
from waypost.wires.conversation import Delta, Response

SCRIPT = Script(
    (WrittenAnswer("A text that is long enough to be streamed in some pieces, so that it can be cut. " * 5),)
    + (WrittenAnswer("Looking.", (WrittenCall("shell", {"command": "ls -l"}),)),) * 200,
    WrittenAnswer("End."),
)


def spoilt(clock: FakeClock | None = None, seed: int = 7, **faults: float) -> ChaosModel:
    inner = ScriptedModel("scripted:s", SCRIPT)
    return ChaosModel(inner, Faults(**faults), clock or FakeClock(), seed=seed)


def play(model: ChaosModel, ordinal: int) -> tuple[list[Delta], Response | TransientFailure]:
    async def collect() -> tuple[list[Delta], Response | TransientFailure]:
        deltas: list[Delta] = []
        try:
            async for item in model.stream(cases.request(ordinal)):
                if isinstance(item, Response):
                    return deltas, item
                deltas.append(item)
        except TransientFailure as failure:
            return deltas, failure
        raise AssertionError("no answer")

    return asyncio.run(collect())


def test_without_faults_nothing_is_changed() -> None:
    assert play(spoilt(), 1) == play(spoilt(seed=9), 1)
    assert isinstance(play(spoilt(), 1)[1], Response)


def test_a_cut_stream_has_some_deltas_and_no_answer() -> None:
    deltas, failure = play(spoilt(cut=1), 0)
    assert isinstance(failure, TransientFailure)
    assert "cut" in failure.reason
    assert deltas


def test_a_malformed_call_comes_before_the_whole_one() -> None:
    deltas, response = play(spoilt(malformed=1), 1)
    assert isinstance(response, Response)
    broken, whole = response.message.calls
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.arguments)
    assert json.loads(whole.arguments) == {"command": "ls -l"}
    assert broken.id != whole.id
    assert tuple(deltas) == response.deltas


def test_a_tool_that_nobody_offered_is_called_before_the_right_one() -> None:
    _, response = play(spoilt(unknown=1), 1)
    assert isinstance(response, Response)
    assert [call.name for call in response.message.calls] == ["shell_everything", "shell"]


def test_an_empty_answer_has_no_deltas_either() -> None:
    deltas, response = play(spoilt(empty=1), 1)
    assert isinstance(response, Response)
    assert response.message.is_empty
    assert not deltas


def test_a_storm_is_several_refusals_and_then_the_answer() -> None:
    model = spoilt(storm=1)
    outcomes = [play(model, 1)[1] for _ in range(6)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, TransientFailure)]
    assert 2 <= len(refusals) <= 4
    assert {refusal.status for refusal in refusals} == {429}
    assert all(refusal.retry_after and 1 <= refusal.retry_after <= 20 for refusal in refusals)
    assert isinstance(outcomes[-1], Response)


def test_a_failing_server_says_5xx() -> None:
    _, failure = play(spoilt(error=1), 1)
    assert isinstance(failure, TransientFailure)
    assert failure.status is not None
    assert 500 <= failure.status < 600


def test_silence_lasts_for_hours_of_the_given_clock() -> None:
    clock = FakeClock()
    play(spoilt(clock, silence=1), 1)
    assert clock.sleeps == [3 * 3600]


def test_the_same_seed_goes_wrong_in_the_same_way_and_another_in_another() -> None:
    faults: dict[str, Any] = {"cut": 0.2, "malformed": 0.2, "empty": 0.2, "storm": 0.1, "error": 0.1}
    ways = [[play(spoilt(seed=seed, **faults), n) for n in range(30)] for seed in (7, 7, 8)]
    assert str(ways[0]) == str(ways[1])
    assert str(ways[0]) != str(ways[2])


def test_faults_come_about_as_often_as_they_were_asked_for() -> None:
    model = spoilt(error=0.3)
    failures = sum(isinstance(play(model, n)[1], TransientFailure) for n in range(200))
    assert 35 <= failures <= 85


def test_a_script_is_asked_to_its_end_through_all_faults() -> None:
    clock, told = FakeClock(), list[Retry]()
    model = spoilt(clock, cut=0.1, malformed=0.1, unknown=0.1, empty=0.1, storm=0.1, error=0.1, silence=0.05)
    policy = RetryPolicy(tries=20, empties=20, patience=1e6)

    async def run() -> list[Response]:
        return [
            await ask(model, cases.request(n), clock=clock, policy=policy, on_retry=told.append) for n in range(100)
        ]

    responses = asyncio.run(run())
    assert all(response.message.calls[-1].arguments == '{"command":"ls -l"}' for response in responses[1:])
    for reason in ("cut", "empty", "429", "failed", "silent"):
        assert any(reason in retry.reason for retry in told), reason


@pytest.mark.parametrize("shares", [{"cut": -0.1}, {"cut": 0.6, "empty": 0.6}, {"storm": float("nan")}])
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        Faults(**shares)
