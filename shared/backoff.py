"""Computes how long to wait before another attempt."""

import random
from collections.abc import Callable

RandomSource = Callable[[], float]
"""Returns numbers that are uniform in [0, 1)."""

_MAX_DOUBLINGS = 64
"""More would only make a float overflow; every cap is reached long before."""


def compute_backoff_seconds(
    attempt: int,
    *,
    base_seconds: float,
    cap_seconds: float,
    fixed_share: float = 0.0,
    random_source: RandomSource = random.random,
) -> float:
    """Return the seconds to wait after attempt number `attempt` (from 1): exponential, with full jitter.

    The longest possible wait is `base_seconds` after the first attempt and doubles until it is `cap_seconds`. Anything
    from zero to that is equally likely: full jitter spreads the retries of a herd best
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). `fixed_share` is the part of the
    longest wait that is not random, for callers with so few tries that a wait of almost nothing would waste one.
    """
    max_seconds = min(cap_seconds, base_seconds * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS))
    return max_seconds * (fixed_share + (1 - fixed_share) * random_source())
