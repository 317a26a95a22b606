"""What is the same for every delivery, whatever is done with it: its trace, its line in the log, its time."""

import asyncio
import time
from abc import ABC, abstractmethod

import structlog

from shared.clock import Clock
from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Disposition, RetryPolicy, try_again
from shared.consumer.telemetry import Telemetry
from shared.log import log_fields
from shared.trace import Trace, tracing

log = structlog.get_logger()


class DeliveryProcessor(ABC):
    """Carries one delivery through; it decides, and leaves the settling to others."""

    def __init__(
        self, *, queue_name: str, clock: Clock, policy: RetryPolicy, telemetry: Telemetry | None = None
    ) -> None:
        self._queue_name = queue_name
        self._clock = clock
        self._policy = policy
        self._telemetry = telemetry or Telemetry()
        self._log = log.bind()
        """The module's own logger is bound anew at each use; this one writes a line for every message."""

    @abstractmethod
    async def _process(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        """Return what to do with the delivery; `fields` are on every line that is logged meanwhile."""

    async def process(self, delivery: Delivery) -> Disposition:
        """Return what to do with the delivery; only cancellation gets out as an exception."""
        trace = Trace.parse(delivery.trace) if delivery.trace else None
        with log_fields(queue=self._queue_name, message_id=delivery.message_id) as fields:
            if trace is None:
                return await self._timed(delivery, fields)
            fields["trace_id"] = trace.root
            with tracing(trace):
                return await self._timed(delivery, fields)

    async def _timed(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        started, lag_seconds = time.monotonic(), None
        if delivery.sent_at is not None and delivery.receive_count == 1:
            lag_seconds = self._clock.now().timestamp() - delivery.sent_at
        try:
            disposition = await self._process(delivery, fields)
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            log.exception("processing_failed")
            disposition = try_again(RuntimeError(), attempt=delivery.receive_count, policy=self._policy)
        except Exception as error:
            # A bug of the core itself must not keep the message, and the group behind it, in flight.
            log.exception("processing_failed")
            disposition = try_again(error, attempt=delivery.receive_count, policy=self._policy)
        seconds, name = time.monotonic() - started, type(disposition).__name__
        told: dict[str, object] = {
            "disposition": name,
            "receive_count": delivery.receive_count,
            "duration_ms": round(seconds * 1000, 1),
        }
        if reason := getattr(disposition, "reason", None):
            told["reason"] = reason
        if lag_seconds is not None:
            told["lag_ms"] = round(lag_seconds * 1000)
        self._log.info("delivery_finished", **told)
        self._telemetry.finished(name, seconds=seconds, lag_seconds=lag_seconds)
        return disposition


def is_being_cancelled() -> bool:
    """Whether somebody cancelled this task, and not something that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
