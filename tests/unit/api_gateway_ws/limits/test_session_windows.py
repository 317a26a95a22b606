"""The windows of a session: how much they let through, and when more."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tenants.rate_limits import RateLimits
from tests.fakes.clock import FakeClock
from tests.unit.api_gateway_ws.limits.environments import Shared, chat

MINUTE, BURST = timedelta(seconds=60), timedelta(seconds=10)
PAUSES = st.lists(st.integers(0, 30_000), min_size=1, max_size=40)
"""Milliseconds between frames."""


@settings(max_examples=30)
@given(PAUSES, st.integers(1, 9), st.integers(1, 3))
def test_an_interval_never_has_more_than_its_windows(pauses, limit, environments):
    """In `t` seconds there are at most `limit * (t / 60 + 2)` frames, and in ten at most twice the burst."""
    shared = Shared(f"session.chats={limit}")
    limiters = [shared.open() for _ in range(environments)]
    admitted = []
    for number, pause in enumerate(pauses):
        shared.clock.advance(timedelta(milliseconds=pause))
        if limiters[number % environments].admit(chat()) is None:
            admitted.append(shared.clock.now())
    for first, begin in enumerate(admitted):
        for count, end in enumerate(admitted[first:], start=1):
            assert count <= limit * ((end - begin) / MINUTE + 2)
            assert count <= -(-limit * 2 // 5) * ((end - begin) / BURST + 2)


@settings(max_examples=30)
@given(PAUSES, st.integers(1, 9), st.booleans())
def test_after_the_wait_it_is_admitted_and_not_before(pauses, limit, is_other):
    """The wait is exact, also when another environment is asked then; until then it gets shorter with the time."""
    shared = Shared(f"session.chats={limit}")
    limiter = shared.open()
    for pause in pauses:
        shared.clock.advance(timedelta(milliseconds=pause))
        refusal = limiter.admit(chat())
        if refusal:
            earlier = timedelta(milliseconds=refusal.wait_ms - 1)
            shared.clock.advance(earlier)
            asked = shared.open() if is_other else limiter
            assert asked.admit(chat()).wait_ms == 1
            shared.clock.advance(timedelta(milliseconds=1))
            assert asked.admit(chat()) is None


@settings(max_examples=30)
@given(PAUSES, st.integers(1, 9), st.integers(-5_000, 5_000))
def test_clocks_that_differ_add_only_what_their_difference_lets_through(pauses, limit, skew):
    """An environment whose clock is ahead begins the next window earlier, and that is all."""
    shared = Shared(f"session.chats={limit}")
    ahead = FakeClock()
    ahead.advance(timedelta(milliseconds=skew))
    limiters = [(shared.clock, shared.open()), (ahead, shared.open(ahead))]
    admitted = []
    for number, pause in enumerate(pauses):
        for clock, _ in limiters:
            clock.advance(timedelta(milliseconds=pause))
        if limiters[number % 2][1].admit(chat()) is None:
            admitted.append(shared.clock.now())
    span = admitted[-1] - admitted[0] + timedelta(milliseconds=abs(skew))
    assert len(admitted) <= limit * (span / MINUTE + 2)


@pytest.mark.parametrize("kind", ["chats", "queries", "commands", "hellos", "stops", "frames"])
def test_each_kind_has_its_limit_and_all_frames_have_one(kind):
    """What one kind has used up is left to the others, until all frames of the session are."""
    shared = Shared("session.frames=30")
    limiter = shared.open()
    limit = 30 if kind == "frames" else RateLimits().get("session", kind)
    burst = min(12, -(-limit * 2 // 5))

    assert [limiter.admit(chat(kind=kind)) is None for _ in range(burst + 3)].count(True) == burst
    other = "stops" if kind != "stops" else "chats"
    assert (limiter.admit(chat(kind=other)) is None) is (burst < 12)
    assert limiter.admit(chat("another", kind=kind)) is None
