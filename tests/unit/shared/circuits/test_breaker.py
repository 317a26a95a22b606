"""When a circuit opens, who tries whether the dependency is back, and when it closes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.circuits.breaker import BreakerPolicy, CircuitBreaker, CircuitChange, CircuitState

OPEN, CLOSED, HALF_OPEN = CircuitState.OPEN, CircuitState.CLOSED, CircuitState.HALF_OPEN
POLICY = BreakerPolicy(failures=3, calls=4, window_seconds=30, open_seconds=5, probe_seconds=60)


def follow(script, policy=POLICY):
    """Run steps such as `f` (a failure), `s` (a success), `b` (a call begins), `a` (it says nothing), or seconds."""
    changes, now = [], 100.0
    breaker = CircuitBreaker(policy, changes.append)
    for step in script.split():
        match step:
            case "f":
                breaker.record_failure("k", now)
            case "s":
                breaker.record_success("k", now)
            case "b":
                breaker.begin_call("k", now)
            case "a":
                breaker.abandon_call("k", now)
            case _:
                now += float(step)
    return breaker.find_state("k"), breaker.compute_wait_seconds("k", now), changes


@pytest.mark.parametrize(
    ("script", "state", "wait"),
    [
        ("", CLOSED, 0),
        ("b f b f", CLOSED, 0),
        ("b f b f b f", OPEN, 5),
        ("f f s f", OPEN, 5),  # three of the last four
        ("f s f s f", CLOSED, 0),  # three of five
        ("f f 31 f", CLOSED, 0),  # two are too old
        ("f 10 f 10 f", OPEN, 5),
        ("f f f 2", OPEN, 3),
        ("f f f 5", OPEN, 0),  # it may be tried, and nobody has yet
        ("f f f 5 b", HALF_OPEN, 60),
        ("f f f 5 b 59", HALF_OPEN, 1),
        ("f f f 5 b 60", HALF_OPEN, 0),  # the trial call is lost: another one may be made
        ("f f f 5 b 60 b", HALF_OPEN, 60),
        ("f f f 5 b 1 s", CLOSED, 0),
        ("f f f 5 b 1 s f f", CLOSED, 0),  # it begins anew
        ("f f f 5 b 1 s f f f", OPEN, 5),
        ("f f f 5 b 1 f", OPEN, 5),
        ("f f f 5 b 1 a", OPEN, 0),
        ("f f f 4 f f", OPEN, 1),  # calls that began before it opened keep nobody away any longer
        ("f f f 1 s", CLOSED, 0),  # one of them was answered
        ("a b s", CLOSED, 0),
    ],
)
def test_states(script, state, wait):
    found, seconds, _ = follow(script)
    assert (found, seconds) == (state, wait)


def test_each_change_is_reported_once():
    """With the key, and whether the circuit was closed before."""
    _, _, changes = follow("f f f f 5 b f 5 b a b s s")
    assert changes == [
        CircuitChange("k", OPEN, was_closed=True),
        CircuitChange("k", HALF_OPEN),
        CircuitChange("k", OPEN),
        CircuitChange("k", HALF_OPEN),
        CircuitChange("k", OPEN),
        CircuitChange("k", HALF_OPEN),
        CircuitChange("k", CLOSED),
    ]


def test_circuits_are_independent():
    """A calendar that fails keeps nobody away from another one."""
    breaker = CircuitBreaker(POLICY)
    for _ in range(3):
        breaker.record_failure("broken", 100)
    assert breaker.compute_wait_seconds("broken", 100) == 5
    assert breaker.compute_wait_seconds("healthy", 100) == 0


def test_a_dependency_that_asks_for_a_pause_is_not_broken():
    """Nobody needs to find out whether it is back, and a success ends the pause."""
    breaker = CircuitBreaker(POLICY)
    breaker.keep_away("k", 130)
    breaker.keep_away("k", 120)
    assert breaker.compute_wait_seconds("k", 100) == 30
    assert breaker.find_state("k") is CLOSED
    breaker.begin_call("k", 130)
    assert breaker.compute_wait_seconds("k", 130) == 0
    breaker.keep_away("k", 190)
    breaker.record_success("k", 131)
    assert breaker.compute_wait_seconds("k", 131) == 0


STEPS = st.lists(
    st.tuples(st.sampled_from(["call", "fail", "answer", "nothing", "wait"]), st.floats(0.1, 20)), max_size=60
)


@given(STEPS)
def test_whatever_happens_a_dependency_is_tried_again_and_never_by_two_at_once(steps):
    """While it is not closed, one call is let through at a time, and nobody is kept away for longer than a trial."""
    breaker, now = CircuitBreaker(POLICY), 100.0
    begun = 0
    for step, seconds in steps:
        match step:
            case "call":
                if not breaker.compute_wait_seconds("k", now):
                    was = breaker.find_state("k")
                    breaker.begin_call("k", now)
                    begun += 1
                    if was is not CLOSED:
                        assert breaker.compute_wait_seconds("k", now) == POLICY.probe_seconds
            case "wait":
                now += seconds
            case _ if begun:
                begun -= 1
                {
                    "fail": breaker.record_failure,
                    "answer": breaker.record_success,
                    "nothing": breaker.abandon_call,
                }[step]("k", now)
        if breaker.find_state("k") is CLOSED:
            assert breaker.compute_wait_seconds("k", now) == 0
        assert breaker.compute_wait_seconds("k", now) <= POLICY.probe_seconds
    breaker.record_success("k", now)
    assert breaker.find_state("k") is CLOSED
