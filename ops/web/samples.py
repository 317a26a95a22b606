"""Remembers the queues' figures of a day, to draw them: one sample every ten seconds, in this process alone."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from ops.queues.figures import QueueFigures, QueueGauge
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error

log = structlog.get_logger()

INTERVAL = timedelta(seconds=10)
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one moment; none if the queues could not be asked."""

    at: datetime
    figures: Sequence[QueueFigures]


class Samples:
    """The samples of the last day, oldest first."""

    def __init__(self, *, gauge: QueueGauge, clock: Clock) -> None:
        self._gauge = gauge
        self._clock = clock
        self._taken: deque[Sample] = deque(maxlen=int(KEPT / INTERVAL))
        self._is_failing = False

    @property
    def taken(self) -> Sequence[Sample]:
        """Return every sample that is kept."""
        return tuple(self._taken)

    @property
    def latest(self) -> Sample | None:
        """Return the last sample."""
        return self._taken[-1] if self._taken else None

    async def take(self) -> None:
        """Take a sample now; trouble is a sample without figures, and a line in the log when it begins."""
        figures: Sequence[QueueFigures] = ()
        try:
            figures = await self._gauge.read()
            self._is_failing = False
        except (TransientError, PermanentError) as error:
            if not self._is_failing:
                log.warning("queues_not_readable", error=describe_error(error))
            self._is_failing = True
        self._taken.append(Sample(self._clock.now(), figures))

    async def run(self, stop: asyncio.Event) -> None:
        """Take samples until the stop."""
        while not stop.is_set():
            await self.take()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL.total_seconds())


def thinned(samples: Sequence[Sample], most: int) -> list[Sample]:
    """Return up to `most` samples, evenly spread, the last one among them: a plot has not more points to show."""
    if len(samples) <= most:
        return list(samples)
    step = len(samples) / most
    return [samples[min(int((index + 1) * step), len(samples)) - 1] for index in range(most)]
