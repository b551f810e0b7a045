from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import models_cases as cases
import pytest

from waypost.models.asking import NoAnswer, Retry, RetryPolicy, ask
from waypost.models.clock import FakeClock, SystemClock
from waypost.models.model import BadModel, ContextOverflow, Model, TransientFailure
from waypost.wires.conversation import Delta, Request, Response


def asked(model: Model, clock: FakeClock | None = None, **options: Any) -> Response:
    options.setdefault("chance", random.Random(7).random)
    return asyncio.run(ask(model, cases.request(), clock=clock or FakeClock(), **options))


class StreamModel(cases.ListModel):
    """Plays one async generator after the other."""

    def __init__(self, *plays: Any) -> None:
        super().__init__(cases.said("unused"))
        self.plays = list(plays)
        self.closed = 0

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        try:
            async for item in self.plays.pop(0)():
                yield item
        finally:
            self.closed += 1


async def good() -> AsyncIterator[Delta | Response]:
    response = cases.said("Good.")
    for delta in response.deltas:
        yield delta
    yield response


async def cut() -> AsyncIterator[Delta | Response]:
    yield cases.said("Go").deltas[0]
    raise TransientFailure("cut")


async def ended() -> AsyncIterator[Delta | Response]:
    yield cases.said("Go").deltas[0]


async def hung() -> AsyncIterator[Delta | Response]:
    yield cases.said("Go").deltas[0]
    await asyncio.Event().wait()


def test_an_answer_comes_through_with_its_deltas() -> None:
    heard: list[Delta] = []
    response = asked(cases.ListModel(cases.said("Hello")), on_delta=heard.append)
    assert response == cases.said("Hello")
    assert tuple(heard) == response.deltas


def test_a_cut_stream_is_retried_and_never_done() -> None:
    told: list[Retry] = []
    model = StreamModel(cut, ended, good)
    assert asked(model, on_retry=told.append) == cases.said("Good.")
    assert [retry.reason for retry in told] == ["cut", "the stream ended without an answer"]
    assert [retry.attempt for retry in told] == [1, 2]
    assert model.closed == 3


def test_a_refusal_is_waited_out_as_long_as_the_server_asks() -> None:
    told: list[Retry] = []
    clock = FakeClock()
    busy = TransientFailure("busy", 429, 42.0)
    asked(cases.ListModel(busy, cases.said("Good.")), clock, on_retry=told.append)
    assert told == [Retry("busy", 429, 1, 42.0)]
    assert clock.sleeps == [42.0]


def test_a_server_that_asks_for_a_day_is_asked_again_after_the_longest_wait() -> None:
    clock = FakeClock()
    busy = TransientFailure("busy", 429, 86_400.0)
    asked(cases.ListModel(busy, cases.said("Good.")), clock, policy=RetryPolicy(longest=60))
    assert clock.sleeps == [60.0]


def test_waits_grow_are_jittered_and_follow_from_the_seed() -> None:
    policy = RetryPolicy(tries=6, first=1, longest=5)
    model = cases.ListModel(*[TransientFailure("down", 503)] * 5, cases.said("Good."))
    clock, again = FakeClock(), FakeClock()
    asked(model, clock, policy=policy)
    for wait, ceiling in zip(clock.sleeps, [1, 2, 4, 5, 5], strict=True):
        assert 0 <= wait <= ceiling
    asked(cases.ListModel(*[TransientFailure("down", 503)] * 5, cases.said("Good.")), again, policy=policy)
    assert again.sleeps == clock.sleeps
    assert len(set(clock.sleeps)) == 5


def test_after_all_tries_there_is_no_answer_and_the_last_reason_is_told() -> None:
    model = cases.ListModel(TransientFailure("the server failed with 503", 503))
    with pytest.raises(NoAnswer, match=r"no answer after 4 tries .* 503") as caught:
        asked(model, policy=RetryPolicy(tries=4))
    assert model.asked == 4
    assert isinstance(caught.value.__cause__, TransientFailure)


def test_patience_ends_before_the_tries_do() -> None:
    model = cases.ListModel(TransientFailure("busy", 429, 100.0))
    with pytest.raises(NoAnswer):
        asked(model, policy=RetryPolicy(tries=50, patience=350))
    assert model.asked == 4


def test_an_empty_answer_is_asked_again_and_its_cost_is_told() -> None:
    told: list[Retry] = []
    empty = cases.said("")
    assert asked(cases.ListModel(empty, cases.said("Good.")), on_retry=told.append) == cases.said("Good.")
    assert told[0].usage == empty.usage
    assert "empty" in told[0].reason


def test_an_answer_of_blanks_is_empty_and_in_the_end_no_answer() -> None:
    model = cases.ListModel(cases.said(" \n"))
    with pytest.raises(NoAnswer, match="empty"):
        asked(model, policy=RetryPolicy(empties=3))
    assert model.asked == 4


@pytest.mark.parametrize("error", [BadModel("no such model"), ContextOverflow("too long")])
def test_what_asking_again_cannot_mend_passes_through(error: Exception) -> None:
    model = cases.ListModel(error)
    with pytest.raises(type(error)):
        asked(model)
    assert model.asked == 1


def test_a_stream_that_falls_silent_is_closed_and_asked_again() -> None:
    told: list[Retry] = []
    model = StreamModel(hung, good)
    policy = RetryPolicy(silence=0.05, first=0)
    response = asyncio.run(ask(model, cases.request(), clock=SystemClock(), policy=policy, on_retry=told.append))
    assert response == cases.said("Good.")
    assert "silent" in told[0].reason
    assert model.closed == 2


def test_hours_of_silence_on_a_fake_clock_are_silence() -> None:
    clock = FakeClock()
    told: list[Retry] = []

    async def slept() -> AsyncIterator[Delta | Response]:
        yield cases.said("Go").deltas[0]
        await clock.sleep(3 * 3600)
        yield cases.said("Too late.")

    response = asked(StreamModel(slept, good), clock, on_retry=told.append)
    assert response == cases.said("Good.")
    assert "silent" in told[0].reason


def test_a_model_behind_which_a_person_sits_may_be_silent() -> None:
    clock = FakeClock()

    async def slept() -> AsyncIterator[Delta | Response]:
        await clock.sleep(9 * 3600)
        yield cases.said("Good morning.")

    model = StreamModel(slept)
    model.unhurried = True  # type: ignore[attr-defined]
    assert asked(model, clock) == cases.said("Good morning.")


def test_who_is_told_of_a_retry_may_be_awaited() -> None:
    told: list[Retry] = []

    async def tell(retry: Retry) -> None:
        await asyncio.sleep(0)
        told.append(retry)

    asked(cases.ListModel(TransientFailure("down"), cases.said("Good.")), on_retry=tell)
    assert len(told) == 1


def test_cancelling_closes_the_stream() -> None:
    model = StreamModel(hung)

    async def cancelled() -> None:
        task = asyncio.create_task(ask(model, cases.request(), clock=SystemClock()))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert model.closed == 1
