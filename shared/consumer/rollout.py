"""Decides how long a message of a newer release waits for a worker that can read it."""

import random
from datetime import datetime, timedelta

from shared.backoff import RandomSource, compute_backoff_seconds
from shared.consumer.delivery import Delivery
from shared.consumer.disposition import RetryIn
from shared.dead_letter_reasons import DeadLetterReason

ROLLOUT_WAIT = timedelta(minutes=30)
"""How long an update of all workers may take."""

READABLE_LATER = frozenset({DeadLetterReason.NEWER_VERSION, DeadLetterReason.UNKNOWN_TYPE})
"""Reasons for which the worker of a newer release may read the message."""

FIRST_PAUSE_SECONDS = 5
MAX_PAUSE_SECONDS = 120
FIXED_SHARE = 0.5
"""The pauses are at least half of their maximum, so that SQS counts few receives in the whole time."""


def wait_for_newer_worker(
    delivery: Delivery,
    reason: DeadLetterReason,
    *,
    now: datetime,
    limit: timedelta = ROLLOUT_WAIT,
    random_source: RandomSource = random.random,
) -> RetryIn | None:
    """Return the retry of an unreadable message, or None if it can't become readable or has waited long enough.

    The time counts from the sending of the message, so it is the same whatever worker receives it. On a FIFO queue the
    later messages of the group wait too, because the visitor's order holds.
    """
    if reason not in READABLE_LATER or delivery.sent_at is None:
        return None
    left = delivery.sent_at + limit.total_seconds() - now.timestamp()
    if left <= 0:
        return None
    pause = compute_backoff_seconds(
        delivery.receive_count,
        base_seconds=FIRST_PAUSE_SECONDS,
        cap_seconds=MAX_PAUSE_SECONDS,
        fixed_share=FIXED_SHARE,
        random_source=random_source,
    )
    return RetryIn(timedelta(seconds=max(min(pause, left), 1)), reason=reason)
