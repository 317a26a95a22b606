"""How often and until when the models are asked for one answer."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.circuits.breaker import CircuitBreaker
from shared.errors import PermanentError, TransientError
from tests.fakes.figures import FakeMetrics
from tests.fakes.model import USAGE, FakeModel, Pause
from tests.fakes.turned_loop import run_turned
from workers.chat.dependencies import MODEL_CIRCUITS, ModelSettings
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.handler.attempts import MAX_CALLS, BudgetExceededError, ModelAttempts
from workers.chat.ports import Finished, OverCap, Reservation, Restarted, TextDelta, ToolCall

PROMPT = Prompt("instructions", "situation", (Turn("user", "Hello"),), (), None, 800)
TIMEOUT_SECONDS = 45
FAILURES_TO_OPEN, OPEN_SECONDS = MODEL_CIRCUITS.failures, MODEL_CIRCUITS.open_seconds
SILENT = [Pause(10), TransientError("silent", reason="timeout")]
"""What the adapter does with a stream in which nothing comes."""


@dataclass
class FakeSpending:
    """A `Spending` that keeps the records of calls."""

    affordable: int = 1000
    attempts: list = field(default_factory=list)
    error: Exception | None = None

    async def reserve(self, request):
        self.affordable -= 1
        return Reservation(request) if self.affordable >= 0 else OverCap()

    async def release(self, reservation):
        self.affordable += 1

    async def record_attempt(self, reservation, attempt):
        self.attempts.append(attempt)
        if self.error:
            raise self.error
        return 7


class Asking:
    """The models, and what comes of asking them, as a client applies it."""

    def __init__(self, *scripts, fallback=None, roll=0.5, timeout_seconds=TIMEOUT_SECONDS):
        self.model, self.spending, self.metrics = FakeModel(*scripts), FakeSpending(), FakeMetrics()
        self.attempts = ModelAttempts(
            model=self.model,
            spending=self.spending,
            metrics=self.metrics,
            models=ModelSettings("first", fallback),
            breaker=CircuitBreaker(MODEL_CIRCUITS),
            random_source=lambda: roll,
        )
        self.timeout_seconds = timeout_seconds
        self.outcomes = []

    async def ask(self, command):
        loop = asyncio.get_running_loop()
        began, text, calls, voids, error = loop.time(), "", 0, 0, None
        deadline = Deadline(began + self.timeout_seconds)
        try:
            async for event in self.attempts.stream(command, PROMPT, deadline=deadline):
                match event:
                    case TextDelta(piece):
                        text += piece
                    case ToolCall():
                        calls += 1
                    case Restarted():
                        text, calls, voids = "", 0, voids + 1
                    case Finished():
                        self.outcomes.append((text, event.stop_reason))
        except PermanentError as caught:
            error = caught.reason
            self.outcomes.append(("", error))
        self.seconds = loop.time() - began
        self.voids = voids
        return self.outcomes[-1]

    @property
    def called(self):
        return [prompt.model_id for prompt in self.model.prompts]


@pytest.fixture
def command(world_of):
    return world_of().command()


def ask_once(command, *scripts, **options):
    asking = Asking(*scripts, **options)
    run_turned(asking.ask(command))
    return asking


FAULTS = {
    "throttled": [TransientError("429", reason="model_busy")],
    "throttled with a wait": [TransientError("429", reason="model_busy", retry_after=timedelta(seconds=20))],
    "throttled for long": [TransientError("429", reason="model_busy", retry_after=timedelta(hours=1))],
    "out of quota": [TransientError("402", reason="model_quota")],
    "failed": [TransientError("424", reason="model_failed")],
    "silent": SILENT,
    "silent without an end": [Pause(1000)],
    "refused": [PermanentError("aws_ValidationException")],
    "cut slowly": [Pause(9), TransientError("cut off", reason="model_failed")],
}
BEGINNINGS = {
    "at once": [],
    "after a word": ["Once "],
    "after a tool": [ToolCall("offer_booking")],
    "late": ["Once ", Pause(8), "more "],
}


@pytest.mark.parametrize("fallback", [None, "second"])
def test_every_fault_ends_in_one_final_or_one_error_in_time(command, fallback):
    """Wherever it occurs and however often: no text twice, and at most the documented number of calls."""
    for name, fault in FAULTS.items():
        for beginning, before in BEGINNINGS.items():
            for times in (1, 3, 100):
                case = name, beginning, times
                scripts = [[*before, *fault]] * times + [["Twice."]]
                asking = ask_once(command, *scripts, fallback=fallback)
                [(text, reason)] = asking.outcomes
                assert asking.seconds <= TIMEOUT_SECONDS + 0.001, case
                assert len(asking.called) <= MAX_CALLS, case
                assert text in ("", "Once ", "Once more ", "Twice."), case
                assert (text == "Twice.") == (reason == "end_turn"), case
                assert reason in ("end_turn", "deadline") or not text, case
                assert asking.model.closed == len(asking.called) == len(asking.spending.attempts), case
                assert reason != "deadline" or beginning != "at once", case


def test_a_failure_is_followed_by_the_answer(command):
    """Each fault that may pass is asked about again, with what came before it replaced."""
    for name in ("throttled", "throttled with a wait", "out of quota", "failed", "silent", "cut slowly"):
        for before in BEGINNINGS.values():
            asking = ask_once(command, [*before, *FAULTS[name]], ["Twice."])
            assert asking.outcomes == [("Twice.", "end_turn")], name
            assert asking.voids == bool(before), name
            assert asking.called == ["first", "first"], name


def test_waits_are_random_and_grow(command):
    """Full jitter: half of 1, 2, 4, 8 and 10 seconds with this roll; none at all with the lowest one."""
    throttled = [FAULTS["throttled"]]
    assert ask_once(command, *throttled, roll=0.5).seconds == 0.5 + 1 + 2 + 4 + 5
    assert ask_once(command, *throttled, roll=0.0).seconds == 0
    assert len(ask_once(command, *throttled, roll=0.0).called) == MAX_CALLS


def test_a_requested_wait_is_kept(command):
    """A wait that leaves no time for a call ends the command at once."""
    asking = ask_once(command, FAULTS["throttled with a wait"], ["Hello"])
    assert (asking.seconds, asking.outcomes) == (20, [("Hello", "end_turn")])
    asking = ask_once(command, FAULTS["throttled for long"], ["Hello"])
    assert (asking.seconds, asking.outcomes) == (0, [("", "model_busy")])
    asking = ask_once(command, FAULTS["throttled for long"], ["Hello"], fallback="second")
    assert (asking.called, asking.outcomes) == (["first", "second"], [("Hello", "end_turn")])


def test_the_deadline_ends_a_slow_answer_with_its_text(command):
    """It is billed: its tokens are estimated. What a failed call has brought stays until another one brings more."""
    slow = ["word ", Pause(9)] * 40
    asking = ask_once(command, slow)
    assert (asking.seconds, asking.outcomes) == (TIMEOUT_SECONDS, [("word " * 5, "deadline")])
    [attempt] = asking.spending.attempts
    assert (attempt.outcome, attempt.has_failed, attempt.usage) == ("deadline", False, None)
    assert attempt.estimated_usage.output_tokens == 25 // 2

    broken = ["Once ", Pause(9), "more ", *FAULTS["failed"]]
    asking = ask_once(command, broken, [Pause(1000)])
    assert (asking.seconds, asking.outcomes, asking.voids) == (TIMEOUT_SECONDS, [("Once more ", "deadline")], 0)


def test_no_call_is_made_with_too_little_time(command):
    """Nobody could answer in what is left."""
    asking = ask_once(command, ["Hello"], timeout_seconds=0.9)
    assert (asking.called, asking.outcomes) == ([], [("", "timeout")])


def test_the_second_model_takes_over_at_once(command):
    """Whatever the failure of the first one is; the switch is counted, and on the record of the call."""
    for name in ("throttled", "out of quota", "failed", "refused"):
        asking = ask_once(command, FAULTS[name], ["Hello"], fallback="second")
        assert (asking.seconds, asking.called) == (0, ["first", "second"]), name
        assert asking.metrics.total("ModelFallbacks") == 1
        assert [(one.model_id, one.is_fallback, one.has_failed) for one in asking.spending.attempts] == [
            ("first", False, True),
            ("second", True, False),
        ]
    assert ask_once(command, ["Hello"], fallback="second").metrics.total("ModelFallbacks") == 0


def test_both_models_are_asked_in_turn(command):
    """While both are throttled; one that refuses the request is not asked again."""
    asking = ask_once(command, FAULTS["throttled"], fallback="second")
    assert asking.called == ["first", "second", "first", "second", "first", "second"]
    assert asking.outcomes == [("", "model_busy")]
    asking = ask_once(command, FAULTS["refused"], FAULTS["throttled"], fallback="second")
    assert asking.called == ["first"] + ["second"] * (MAX_CALLS - 1)
    asking = ask_once(command, FAULTS["refused"], fallback="second")
    assert (asking.called, asking.outcomes) == (["first", "second"], [("", "aws_ValidationException")])


def test_a_silent_model_costs_few_visitors_its_timeout(command):
    """Then the second one is asked first, and a single call finds out whether the first one is back."""

    async def ask_again_and_again():
        asking = Asking(*[SILENT, ["Hello"]] * FAILURES_TO_OPEN, ["Hello"], fallback="second")
        for _ in range(FAILURES_TO_OPEN + 2):
            assert await asking.ask(command) == ("Hello", "end_turn")
        assert asking.called == ["first", "second"] * FAILURES_TO_OPEN + ["second", "second"]
        await asyncio.sleep(OPEN_SECONDS)
        await asking.ask(command)
        await asking.ask(command)
        assert asking.called[-2:] == ["first", "first"]

    run_turned(ask_again_and_again())


def test_without_a_second_model_a_silent_one_is_an_error_at_once(command):
    """A visitor who would wait in vain hears it now, and when to try again; throttles have no such effect."""

    async def ask_twice(asking):
        await asking.ask(command)
        await asking.ask(command)
        return asking.seconds, asking.outcomes[-1], asking.attempts.compute_wait_seconds()

    seconds, outcome, wait = run_turned(ask_twice(Asking(SILENT, roll=0.0)))
    assert (seconds, outcome, wait) == (0, ("", "model_down"), OPEN_SECONDS)
    _, outcome, wait = run_turned(ask_twice(Asking(FAULTS["throttled"])))
    assert (outcome, wait) == (("", "model_busy"), 0)


@pytest.mark.parametrize("before", [[], ["Once "]])
@pytest.mark.parametrize("fallback", [None, "refuses"])
@pytest.mark.parametrize("fault", ["silent", "cut slowly"])
def test_an_answer_during_which_no_model_is_left_to_call_is_refused_until_later(command, fault, fallback, before):
    """Its own calls have opened the circuit while time is left: the visitor hears when to try again."""
    scripts = [[*before, *FAULTS[fault]]] * FAILURES_TO_OPEN
    asking = ask_once(command, *([FAULTS["refused"]] if fallback else []), *scripts, ["Hello"], fallback=fallback)
    assert asking.outcomes == [("", "model_down")]
    assert len(asking.called) == FAILURES_TO_OPEN + bool(fallback)
    assert asking.seconds < TIMEOUT_SECONDS - 1


def test_a_business_over_its_cap_is_not_answered(command):
    """Before the first call that is a refusal; later the failure stands that another call would have repaired."""
    asking = Asking(FAULTS["throttled"])
    asking.spending.affordable = 0
    with pytest.raises(BudgetExceededError):
        run_turned(asking.ask(command))
    asking = Asking(FAULTS["throttled"])
    asking.spending.affordable = 2
    assert run_turned(asking.ask(command)) == ("", "model_busy")
    assert len(asking.called) == 2


def test_each_call_leaves_a_record(command):
    """With what the model reported, or an estimate if it wrote something; a count that fails costs no answer."""
    asking = Asking(["Once ", Pause(3), *FAULTS["failed"]], FAULTS["throttled"], ["Twice."], roll=0.0)
    asking.spending.error = TransientError("no table")
    assert run_turned(asking.ask(command)) == ("Twice.", "end_turn")
    records = [
        (one.number, one.outcome, one.has_failed, one.usage, bool(one.estimated_usage), one.milliseconds)
        for one in asking.spending.attempts
    ]
    assert records == [
        (1, "model_failed", True, None, True, 3000),
        (2, "model_busy", True, None, False, 0),
        (3, "end_turn", False, USAGE, False, 0),
    ]


def test_an_answer_that_its_reader_leaves_is_recorded(command):
    """As when the visitor stops it."""
    asking = Asking(["word " * 60, Pause(5), "more"])

    async def leave():
        stream = asking.attempts.stream(command, PROMPT, deadline=Deadline(asyncio.get_running_loop().time() + 45))
        await anext(stream)
        await stream.aclose()

    run_turned(leave())
    [attempt] = asking.spending.attempts
    assert (attempt.outcome, attempt.has_failed, attempt.estimated_usage.output_tokens) == ("stopped", False, 150)
    assert asking.model.closed == 1
