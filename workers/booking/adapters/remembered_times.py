"""Remembers what calendars said last, for the time in which they can't be read."""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from shared.clock import Clock
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime, RecalledTimes

MAX_AGE = timedelta(minutes=15)
"""As long as a hold lasts: what the owner has entered since then is found when the code is entered, in most cases."""

_ANSWERS = 16
"""Of each calendar: lists of many days, and single times that were held."""


class RememberedBusyTimes:
    """The last answers of each calendar, in this process's memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answers: dict[str, deque[tuple[Interval, ZoneInfo | None, RecalledTimes]]] = {}

    def remember(self, calendar_id: str, between: Interval, zone: ZoneInfo | None, times: Sequence[BusyTime]) -> None:
        """Keep an answer that the calendar has just given."""
        answers = self._answers.setdefault(calendar_id, deque(maxlen=_ANSWERS))
        outdated = [old for old in answers if _covers(between, old[0]) or self._is_too_old(old[2])]
        for old in outdated:
            answers.remove(old)
        answers.append((between, zone, RecalledTimes(times, self._clock.now())))

    def recall(self, calendar_id: str, between: Interval, zone: ZoneInfo | None) -> RecalledTimes | None:
        """Return the busy times of an interval as the calendar said last; None if that is not known or too old."""
        for interval, its_zone, answer in reversed(self._answers.get(calendar_id, ())):
            if its_zone == zone and _covers(interval, between) and not self._is_too_old(answer):
                return RecalledTimes(
                    tuple(busy for busy in answer.times if busy.interval.overlaps(between)), answer.read_at
                )
        return None

    def _is_too_old(self, answer: RecalledTimes) -> bool:
        return self._clock.now() - answer.read_at > MAX_AGE


def _covers(wide: Interval, between: Interval) -> bool:
    return wide.start <= between.start and between.end <= wide.end
