"""Tells a visitor whose code can't be sent at the moment that it is late, and decides how long it is tried."""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta

from shared.clock import Clock
from shared.consumer.disposition import RetryPolicy
from shared.conversations.waiting import WaitingVisitors
from shared.messages.notices import AnyNotice, SendCode
from workers.notifications.domain import MAX_CODE_DELAY

LATE_AFTER = timedelta(seconds=4)
"""Counted from the request; attempts come at most five seconds apart, so the visitor hears it within ten."""

_QUICK_WAIT, _MAX_WAIT = timedelta(seconds=5), timedelta(seconds=15)
_UNTIL_THE_END = timedelta(seconds=30)
"""So long before the end of the hold its visitor hears that no code comes any more."""


class CodeVisitor:
    """A `WaitingVisitor` of notices."""

    def __init__(self, waiting: WaitingVisitors | None, clock: Clock) -> None:
        """Take who is told; without anybody codes are late in silence."""
        self._waiting = waiting
        self._clock = clock

    def watch(self, message: AnyNotice) -> AbstractAsyncContextManager[None]:
        """Report inside the `with` that a code is late."""
        if self._waiting is None or not isinstance(message, SendCode):
            return nullcontext()
        return self._waiting.watch_code(message, waited=self._clock.now() - message.accepted_at, first_after=LATE_AFTER)

    def compute_claim_seconds(self, message: AnyNotice) -> None:
        """Return None: no notice is a query."""

    async def refuse_unclaimed(self, _message: AnyNotice) -> bool:
        """Return False: a notice is sent or dead-lettered."""
        return False


def choose_code_policy(notice: SendCode, *, max_attempts: int, is_reported: bool) -> RetryPolicy:
    """Return how long a code is tried: while its time is held if the visitor hears that it is late, else half a minute.

    What may have been sent is not repeated for longer than that in any case.
    """
    if notice.waiting is None or not is_reported:
        return RetryPolicy(max_attempts=max_attempts, cap=_QUICK_WAIT, max_age=MAX_CODE_DELAY)
    return RetryPolicy(
        max_attempts=max_attempts,
        cap=_MAX_WAIT,
        quick=_QUICK_WAIT,
        max_age=max(MAX_CODE_DELAY, notice.expires_at - notice.accepted_at - _UNTIL_THE_END),
        max_age_if_unknown=MAX_CODE_DELAY,
    )
