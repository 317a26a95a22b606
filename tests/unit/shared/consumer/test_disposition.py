"""What an exception means for a delivery, and how long to wait."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consumer.disposition import (
    MAX_LIMIT_WAIT,
    MAX_VISIBILITY,
    MAX_WAITING_RECEIVES,
    Abandon,
    DeadLetter,
    RetryIn,
    RetryPolicy,
    build_unclaimed_retry,
    decide_disposition,
)
from shared.errors import (
    DependencyDownError,
    DeploymentError,
    LeaseLostError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

MAX_RECEIVES, NOTICE_ATTEMPTS = 100, 10
"""The queues' `maxReceiveCount` in the template, and the attempts of a notice, which are the most."""
POLICY = RetryPolicy(max_attempts=5, base=timedelta(seconds=1), cap=timedelta(minutes=2))


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (LeaseLostError("key"), 1, Abandon()),
        (LeaseLostError("key"), 99, Abandon()),
        (PermanentError("bad_profile", "line 3"), 1, DeadLetter("bad_profile", "line 3", 1)),
        (PermanentError("bad_profile"), 1, DeadLetter("bad_profile", "bad_profile", 1)),
        (DeploymentError("aws_AccessDenied"), 1, RetryIn(timedelta(seconds=0.5), "DeploymentError")),
        (DeploymentError("aws_X", "s3"), 5, DeadLetter("aws_X", "DeploymentError: s3", 5)),
        (TransientError("throttled"), 1, RetryIn(timedelta(seconds=0.5), "TransientError")),
        (TransientError("throttled"), 4, RetryIn(timedelta(seconds=4), "TransientError")),
        (TransientError("throttled"), 5, DeadLetter("attempts_exhausted", "TransientError: throttled", 5)),
        (TransientError("busy", reason="model_busy"), 5, DeadLetter("model_busy", "TransientError: busy", 5)),
        (KeyError("start"), 1, RetryIn(timedelta(seconds=0.5), "KeyError")),
        (KeyError("start"), 5, DeadLetter("bug", "KeyError", 5)),
        (TimeoutError(), 2, RetryIn(timedelta(seconds=1), "TimeoutError")),
        (TimeoutError(), 5, DeadLetter("timeout", "TimeoutError", 5)),
    ],
)
def test_each_kind_of_error_has_its_meaning(error, attempts, expected):
    """Never an ack; what is wrong for good goes at once, everything else after the last attempt."""
    assert decide_disposition(error, attempts=attempts, policy=POLICY, random_source=lambda: 0.5) == expected


@pytest.mark.parametrize(
    ("age", "asked", "is_retried"),
    [(0, None, True), (29.5, None, True), (29.6, None, False), (300, None, False), (20, 10, True), (20, 11, False)],
)
def test_a_policy_can_end_with_the_age_of_a_message(age, asked, is_retried):
    """Another attempt has to start in time; a message without such a policy is retried at any age."""
    error = TransientError("throttled", retry_after=timedelta(seconds=asked) if asked else None, reason="not_taken")
    old = replace(POLICY, max_age=timedelta(seconds=30))
    for policy, retried in ((old, is_retried), (POLICY, True)):
        disposition = decide_disposition(
            error, attempts=1, policy=policy, age=timedelta(seconds=age), random_source=lambda: 0.5
        )
        assert isinstance(disposition, RetryIn) is retried
        assert retried or disposition == DeadLetter("not_taken", "TransientError: throttled", 1)


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(milliseconds=1), timedelta(seconds=0.5)),
        (timedelta(days=2), MAX_VISIBILITY),
    ],
)
def test_the_other_side_may_ask_for_a_longer_wait(asked, waited):
    """As long as the queue can hide a message at most."""
    error = TransientError("throttled", retry_after=asked)

    assert decide_disposition(error, attempts=1, policy=POLICY, random_source=lambda: 0.5) == RetryIn(
        waited, "TransientError"
    )


@given(
    error=st.sampled_from(
        [TransientError("a"), PermanentError("b"), ValueError("c"), TimeoutError(), LeaseLostError("d")]
    ),
    attempts=st.integers(1, 100),
)
def test_an_exception_is_never_an_ack(error, attempts):
    """It is tried again, dead-lettered or left to another; the wait is rolled if nobody says otherwise."""
    outcome = decide_disposition(error, attempts=attempts, policy=POLICY)

    assert isinstance(outcome, RetryIn | DeadLetter | Abandon)
    if attempts >= POLICY.max_attempts:
        assert not isinstance(outcome, RetryIn)


@pytest.mark.parametrize(
    ("receives", "attempts", "asked", "expected"),
    [
        (1, 1, 2, RetryIn(timedelta(seconds=7.5), "dependency_down", is_unspent=True)),
        (12, 99, 9, RetryIn(timedelta(seconds=9), "dependency_down", is_unspent=True)),
        (12, 99, 60, RetryIn(timedelta(seconds=10), "dependency_down", is_unspent=True)),
        (13, 99, 60, RetryIn(timedelta(seconds=45), "dependency_down", is_unspent=True)),
        (60, 99, None, RetryIn(timedelta(seconds=33.75), "dependency_down", is_unspent=True)),
        (61, 99, 60, DeadLetter("not_taken", "DependencyDownError: down", 99)),
        (61, 1, 60, RetryIn(timedelta(seconds=60), "DependencyDownError")),
    ],
)
def test_waiting_for_a_dependency_costs_no_attempt(receives, attempts, asked, expected):
    """As long as the queue has receives left for the attempts."""
    error = DependencyDownError("down", retry_after=timedelta(seconds=asked) if asked else None, reason="not_taken")
    assert (
        decide_disposition(error, attempts=attempts, policy=POLICY, receives=receives, random_source=lambda: 0.5)
        == expected
    )


def test_waiting_for_a_dependency_survives_an_outage_of_five_minutes_and_no_queue_gives_up_first():
    """The shortest waits bridge more than five minutes; with the longest policy the receives stay below SQS's limit."""
    error, waited = DependencyDownError("down"), timedelta()
    for receives in range(1, MAX_WAITING_RECEIVES + 1):
        waited += decide_disposition(error, attempts=1, policy=POLICY, receives=receives, random_source=float).delay
    assert waited > timedelta(minutes=15)
    assert MAX_WAITING_RECEIVES + NOTICE_ATTEMPTS < MAX_RECEIVES


def test_a_code_does_not_wait_for_its_provider():
    """Its visitor has to learn in time that it can't be sent."""
    policy = replace(POLICY, cap=timedelta(seconds=5), max_age=timedelta(seconds=30))
    error = DependencyDownError("down", reason="mail_not_taken")
    dispositions = [
        decide_disposition(error, attempts=1, policy=policy, age=timedelta(seconds=age), random_source=lambda: 0.5)
        for age in (20, 29.9)
    ]
    assert dispositions == [
        RetryIn(timedelta(seconds=3.75), "dependency_down", is_unspent=True),
        DeadLetter("mail_not_taken", "DependencyDownError: down", 1),
    ]


@pytest.mark.parametrize(
    ("age", "asked", "wait"),
    [(0, None, 0), (0, 9, 9), (40, 5, 7.5), (40, 12, 12), (86_400, 9, 675)],
)
def test_a_limit_on_requests_costs_no_attempt(age, asked, wait):
    """However many there were; the wait is what was asked for, or grows with the age of the message."""
    error = RateLimitedError("none left", retry_after=timedelta(seconds=asked) if asked else None)
    disposition = decide_disposition(
        error, attempts=99, policy=POLICY, age=timedelta(seconds=age), random_source=lambda: 0.5
    )
    assert disposition == RetryIn(timedelta(seconds=wait), "rate_limited", is_unspent=True)


def test_the_receives_of_a_queue_last_for_hours_while_a_limit_lasts():
    """With the shortest waits: the dead-letter queue is no place for a message that nothing is wrong with."""
    error, age = RateLimitedError("none left", retry_after=timedelta(seconds=5)), timedelta()
    for _ in range(MAX_RECEIVES - NOTICE_ATTEMPTS):
        age += decide_disposition(error, attempts=1, policy=POLICY, age=age, random_source=float).delay
    assert age > timedelta(hours=5)
    latest = decide_disposition(error, attempts=1, policy=POLICY, age=age, random_source=lambda: 1.0)
    assert latest.delay == MAX_LIMIT_WAIT


@pytest.mark.parametrize(("receives", "max_seconds"), [(1, 4), (12, 4), (13, 1), (14, 2), (100, 120)])
def test_what_can_not_be_claimed_comes_again_soon(receives, max_seconds):
    """So that it is served within seconds of the end of an outage; a long one does not use up the receives."""
    policy = RetryPolicy()
    waits = [
        build_unclaimed_retry(TransientError("x"), receives=receives, policy=policy).delay.total_seconds()
        for _ in range(50)
    ]
    assert max(waits) <= max_seconds
    assert receives > 12 or min(waits) >= max_seconds / 2
