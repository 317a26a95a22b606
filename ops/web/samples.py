"""Samples the figures of the queues every ten seconds and keeps them for a day, in memory."""

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
HISTORY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures at one moment; empty if they could not be read."""

    at: datetime
    figures: Sequence[QueueFigures]


class Samples:
    """The samples of the last day, oldest first."""

    def __init__(self, *, gauge: QueueGauge, clock: Clock) -> None:
        self._gauge = gauge
        self._clock = clock
        self._history: deque[Sample] = deque(maxlen=int(HISTORY / INTERVAL))
        self._is_failing = False

    @property
    def history(self) -> Sequence[Sample]:
        """Return all samples, oldest first."""
        return tuple(self._history)

    @property
    def latest(self) -> Sample | None:
        """Return the last sample."""
        return self._history[-1] if self._history else None

    async def take_sample(self) -> None:
        """Take a sample now; after an error it has no figures, and only the first of several errors is logged."""
        figures: Sequence[QueueFigures] = ()
        try:
            figures = await self._gauge.read_figures()
            self._is_failing = False
        except (TransientError, PermanentError) as error:
            if not self._is_failing:
                log.warning("queues_not_readable", error=describe_error(error))
            self._is_failing = True
        self._history.append(Sample(self._clock.now(), figures))

    async def run(self, stop: asyncio.Event) -> None:
        """Take samples until the stop."""
        while not stop.is_set():
            await self.take_sample()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL.total_seconds())


def thin_out_samples(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """Return up to `limit` evenly spaced samples including the last: a plot can't show more points."""
    if len(samples) <= limit:
        return list(samples)
    step = len(samples) / limit
    return [samples[min(int((index + 1) * step), len(samples)) - 1] for index in range(limit)]
