"""The queues of one worker together: one stop, one health check, one function for all their mappings."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from math import inf

from shared.consumer.health import Vitals, serve_health
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lambda_event import BatchResponse, SqsEvent
from shared.consumer.lifecycle import Stop
from shared.consumer.pool import Pool


class PoolGroup:
    """Runs the pool of each queue side by side; if one breaks, all end."""

    def __init__(self, pools: Sequence[Pool], *, health_port: int | None = None) -> None:
        self._pools = pools
        self._health_port = health_port

    @property
    def handlers_left(self) -> int:
        """How many handlers went on after the end although they were cancelled."""
        return sum(pool.handlers_left for pool in self._pools)

    async def run(self, stop: Stop) -> None:
        """Work until a stop is asked for."""
        vitals = _AllVitals([pool.vitals for pool in self._pools])
        with serve_health(vitals, port=self._health_port) as health_url:
            async with asyncio.TaskGroup() as group:
                for pool in self._pools:
                    group.create_task(pool.run(stop, health_url=health_url))


class _AllVitals:
    """All is well when each of them is."""

    def __init__(self, vitals: Sequence[Vitals]) -> None:
        self._vitals = vitals

    def stuck(self) -> list[str]:
        return [problem for each in self._vitals for problem in each.stuck()]

    def unready(self) -> list[str]:
        return [problem for each in self._vitals for problem in each.unready()]


class BatchGroup:
    """Works on an event with the batch of the queue that it comes from: Lambda mixes no queues in one event."""

    def __init__(self, batches: Mapping[str, LambdaBatch]) -> None:
        """Take the batches by the names of their queues."""
        self._batches = batches

    async def run(self, event: SqsEvent, *, seconds_left: Callable[[], float] = lambda: inf) -> BatchResponse:
        """Return the `batchItemFailures`."""
        queue = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        return await self._batches[queue].run(event, seconds_left=seconds_left)
