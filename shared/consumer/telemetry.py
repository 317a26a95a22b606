"""Counters and timings of a consumer, written as metrics once a minute."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable

from shared.metrics import Metrics

FLUSH_SECONDS = 60.0
"""CloudWatch's finest standard resolution is a minute; a line per message would cost more than the queue."""

_SAMPLES = 100
"""As many values as one EMF line may carry
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)."""


class _Sample:
    """A uniform sample of the values since the last flush (Vitter's algorithm R)."""

    __slots__ = ("seen", "values")

    def __init__(self) -> None:
        self.seen = 0
        self.values: list[float] = []

    def add(self, value: float) -> None:
        self.seen += 1
        if len(self.values) < _SAMPLES:
            self.values.append(value)
        elif (position := int(random.random() * self.seen)) < _SAMPLES:  # noqa: S311 - statistics
            self.values[position] = value


class Telemetry:
    """Counters and timings of one queue's consumer; without metrics it only counts."""

    def __init__(
        self, metrics: Metrics | None = None, *, queue: str = "", in_flight: Callable[[], int] | None = None
    ) -> None:
        self._metrics = metrics
        self._queue = queue
        self.in_flight = in_flight
        """Returns how many deliveries are in flight; None on Lambda, where it would be 0 after every batch."""
        self.dispositions: Counter[str] = Counter()
        self._lag = _Sample()
        self._handler = _Sample()
        self._lock = threading.Lock()
        self._extensions = 0
        self._lost = 0

    def record_delivery(self, disposition: str, *, seconds: float, lag_seconds: float | None) -> None:
        """Record one delivery: its disposition, its duration, and how long the message waited on the queue."""
        self.dispositions[disposition] += 1
        self._handler.add(seconds * 1000)
        if lag_seconds is not None:
            self._lag.add(max(lag_seconds, 0.0) * 1000)

    def record_extensions(self, count: int) -> None:
        """Record extended leases; called from the keeper's thread."""
        with self._lock:
            self._extensions += count

    def record_lost_lease(self) -> None:
        """Record a lost lease; called from the keeper's thread."""
        with self._lock:
            self._lost += 1

    async def run(self) -> None:
        """Flush once a minute, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.flush()

    def flush(self) -> None:
        """Write what was counted and timed since the last flush."""
        dispositions, self.dispositions = self.dispositions, Counter()
        lag, self._lag = self._lag, _Sample()
        handler, self._handler = self._handler, _Sample()
        with self._lock:
            extensions, self._extensions = self._extensions, 0
            lost, self._lost = self._lost, 0
        if self._metrics is None:
            return
        for disposition, count in dispositions.items():
            self._metrics.count("Deliveries", count, Queue=self._queue, Disposition=disposition)
        if lag.values:
            self._metrics.record_milliseconds("ReceiveLag", *lag.values, Queue=self._queue)
        if handler.values:
            self._metrics.record_milliseconds("HandlerTime", *handler.values, Queue=self._queue)
        if extensions:
            self._metrics.count("LeaseExtensions", extensions, Queue=self._queue)
        if lost:
            self._metrics.count("LeasesLost", lost, Queue=self._queue)
        if self.in_flight is not None:
            self._metrics.count("InFlight", self.in_flight(), Queue=self._queue)
