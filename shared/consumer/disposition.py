"""What to do with a delivery: the closed set of dispositions, and the pure function that chooses one."""

import random
from dataclasses import dataclass
from datetime import timedelta

from shared.backoff import RandomSource, compute_backoff_seconds
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import (
    DependencyDownError,
    DeploymentError,
    LeaseLostError,
    NotYetError,
    PermanentError,
    RateLimitedError,
    TransientError,
    TryAgainError,
    describe_error,
)


@dataclass(frozen=True, slots=True)
class Ack:
    """The message is done: delete it."""


@dataclass(frozen=True, slots=True)
class RetryIn:
    """Make the message visible again after `delay`."""

    delay: timedelta
    reason: str = ""
    is_unspent: bool = False
    """Whether the attempt does not count."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Copy the message to the dead-letter queue with the reason, then delete it."""

    reason: str
    error: str
    attempts: int
    asks_to_repeat: bool = False
    """Whether the visitor hears that the same can be sent again: then no operator has to replay it, and the message is
    deleted without a copy."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Another worker has the message now: change nothing."""


Disposition = Ack | RetryIn | DeadLetter | Abandon

MAX_VISIBILITY = timedelta(hours=12) - timedelta(minutes=10)
"""SQS counts its twelve hours from the receipt, and the handler has used some of them:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


QUICK_RECEIVES, MAX_WAITING_RECEIVES = 12, 60
"""How often a message is received that waits for a dependency: first soon, then seldom, and then its attempts count.

SQS allows a hundred receives, of which the attempts need some. So nothing is given up for 19 minutes at least."""

QUICK_WAIT, SLOW_WAIT = timedelta(seconds=10), timedelta(seconds=45)
"""The longest wait each time; at least half of it, so that receives are not used up."""

UNCLAIMED_WAIT = timedelta(seconds=4)
"""The longest of the first waits for a claim; at least half of it."""

MAX_LIMIT_WAIT = timedelta(minutes=15)
"""How long a message waits at most between two tries while a limit on requests lasts."""

_LIMIT_WAIT_SHARE = 4
"""It waits for an eighth to a quarter of its age: so the hundred receives of a queue last for half a day."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The maximum number of attempts, and the waits between them."""

    max_attempts: int = 5
    base: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=2)
    max_age: timedelta | None = None
    """How long after the message was sent another attempt may start; None if only attempts count."""
    max_age_if_unknown: timedelta | None = None
    """The same after an error that may have been a success, if it differs."""
    quick: timedelta = QUICK_WAIT
    """The longest of the first waits for something that is not called."""


def decide_disposition(
    error: Exception,
    *,
    attempts: int,
    policy: RetryPolicy,
    age: timedelta = timedelta(0),
    receives: int = 1,
    random_source: RandomSource = random.random,
) -> Disposition:
    """Return what an exception means for the delivery whose command was claimed `attempts` times.

    `age` is the time since the message was sent, `receives` how often it was received.
    """
    if isinstance(error, LeaseLostError):
        return Abandon()
    if isinstance(error, NotYetError):
        return RetryIn(max(timedelta(0), min(error.wait, MAX_VISIBILITY)), reason="not_yet", is_unspent=True)
    if isinstance(error, PermanentError) and not isinstance(error, DeploymentError):
        return DeadLetter(
            reason=error.reason,
            error=str(error),
            attempts=attempts,
            asks_to_repeat=isinstance(error, TryAgainError),
        )
    max_age = policy.max_age
    if isinstance(error, TransientError) and error.may_have_succeeded:
        max_age = policy.max_age_if_unknown or max_age
    unspent = _find_unspent_retry(error, age=age, receives=receives, policy=policy, random_source=random_source)
    if unspent and (max_age is None or age + unspent.delay <= max_age):
        return unspent
    delay = _compute_delay(attempts, policy, random_source)
    if isinstance(error, TransientError) and error.retry_after:
        delay = max(delay, error.retry_after)
    if attempts >= policy.max_attempts or (max_age is not None and age + delay > max_age):
        reason = error.reason if isinstance(error, TransientError | PermanentError) else DeadLetterReason.BUG
        if isinstance(error, TimeoutError):
            reason = DeadLetterReason.TIMEOUT
        return DeadLetter(reason=reason, error=describe_error(error), attempts=attempts)
    return RetryIn(min(delay, MAX_VISIBILITY), reason=type(error).__name__)


def build_uncounted_retry(error: Exception, *, attempt: int, policy: RetryPolicy) -> RetryIn:
    """Return a retry after an error that does not count as an attempt of the message, however often it happens."""
    return RetryIn(_compute_delay(max(attempt, 1), policy), reason=type(error).__name__)


def build_unclaimed_retry(
    error: Exception, *, receives: int, policy: RetryPolicy, random_source: RandomSource = random.random
) -> RetryIn:
    """Return the retry of a message that could not be claimed: soon at first, because nothing works without the table.

    Whoever waits is then served within seconds of the end of an outage. A longer one uses up no more receives than any
    other error.
    """
    if receives > QUICK_RECEIVES:
        return build_uncounted_retry(error, attempt=receives - QUICK_RECEIVES, policy=policy)
    return RetryIn(UNCLAIMED_WAIT * (1 + random_source()) / 2, reason=type(error).__name__)


def _find_unspent_retry(
    error: Exception, *, age: timedelta, receives: int, policy: RetryPolicy, random_source: RandomSource
) -> RetryIn | None:
    """Return the retry after an error that says nothing about the message, or None if the attempt counts."""
    if isinstance(error, RateLimitedError):
        return RetryIn(_compute_limit_wait(error, age, random_source), reason="rate_limited", is_unspent=True)
    if isinstance(error, DependencyDownError) and receives <= MAX_WAITING_RECEIVES:
        wait = _compute_outage_wait(error, receives, policy, random_source)
        return RetryIn(wait, reason="dependency_down", is_unspent=True)
    return None


def _compute_outage_wait(
    error: DependencyDownError, receives: int, policy: RetryPolicy, random_source: RandomSource
) -> timedelta:
    """Return how long a message waits for what it needs, spread so that all do not come back at once.

    Whoever tries whether the dependency is back may know it sooner than the error says.
    """
    max_wait = min(policy.quick if receives <= QUICK_RECEIVES else SLOW_WAIT, policy.cap)
    return max(max_wait * (1 + random_source()) / 2, min(error.retry_after or timedelta(), max_wait))


def _compute_limit_wait(error: RateLimitedError, age: timedelta, random_source: RandomSource) -> timedelta:
    """Return a wait that grows with the age of the message, and is different for those that wait together."""
    by_age = min(age / _LIMIT_WAIT_SHARE, MAX_LIMIT_WAIT) * (1 + random_source()) / 2
    return min(max(by_age, error.retry_after or timedelta(0)), MAX_VISIBILITY)


def _compute_delay(attempt: int, policy: RetryPolicy, random_source: RandomSource = random.random) -> timedelta:
    base, cap = policy.base.total_seconds(), policy.cap.total_seconds()
    return timedelta(
        seconds=compute_backoff_seconds(attempt, base_seconds=base, cap_seconds=cap, random_source=random_source)
    )
