"""What all processors of deliveries share: the trace, the log line and the timing of each delivery."""

import asyncio
import time
from abc import ABC, abstractmethod

import structlog

from shared.clock import Clock
from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Disposition, RetryPolicy, build_uncounted_retry
from shared.consumer.telemetry import Telemetry
from shared.log import log_fields
from shared.trace import Trace, use_trace

log = structlog.get_logger()


class DeliveryProcessor(ABC):
    """Decides what to do with one delivery; it does not settle."""

    spare_permits = 0
    """How many deliveries it processes besides those for which a handler runs: it defers or sheds them."""

    def __init__(
        self, *, queue_name: str, clock: Clock, policy: RetryPolicy, telemetry: Telemetry | None = None
    ) -> None:
        self._queue_name = queue_name
        self._clock = clock
        self._policy = policy
        self._telemetry = telemetry or Telemetry()
        self._log = log.bind()
        """Bound once: the module's logger binds at each use, and this one writes a line for every message."""

    @abstractmethod
    async def _process_delivery(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        """Return the disposition; `fields` are on every log line that is written meanwhile."""

    async def process(self, delivery: Delivery) -> Disposition:
        """Return the disposition; the only exception that is raised is cancellation."""
        trace = Trace.parse(delivery.trace) if delivery.trace else None
        with log_fields(queue=self._queue_name, message_id=delivery.message_id) as fields:
            if trace is None:
                return await self._process_timed(delivery, fields)
            fields["trace_id"] = trace.root
            with use_trace(trace):
                return await self._process_timed(delivery, fields)

    async def _process_timed(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        started, lag_seconds = time.monotonic(), None
        if delivery.sent_at is not None and delivery.receive_count == 1:
            lag_seconds = self._clock.now().timestamp() - delivery.sent_at
        try:
            disposition = await self._process_delivery(delivery, fields)
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            log.exception("processing_failed")
            disposition = build_uncounted_retry(RuntimeError(), attempt=delivery.receive_count, policy=self._policy)
        except Exception as error:
            # A bug of the worker core must not keep the message, and the group behind it, in flight.
            log.exception("processing_failed")
            disposition = build_uncounted_retry(error, attempt=delivery.receive_count, policy=self._policy)
        seconds, name = time.monotonic() - started, type(disposition).__name__
        summary: dict[str, object] = {
            "disposition": name,
            "receive_count": delivery.receive_count,
            "duration_ms": round(seconds * 1000, 1),
        }
        if reason := getattr(disposition, "reason", None):
            summary["reason"] = reason
        if lag_seconds is not None:
            summary["lag_ms"] = round(lag_seconds * 1000)
        self._log.info("delivery_finished", **summary)
        self._telemetry.record_delivery(name, seconds=seconds, lag_seconds=lag_seconds)
        return disposition


def is_being_cancelled() -> bool:
    """Return whether this task was cancelled, rather than something that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
