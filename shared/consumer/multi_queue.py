"""Runs all queues of one worker with one stop, one health check and one Lambda function."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from math import inf

from shared.consumer.health import Vitals, serve_health
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lambda_event import BatchResponse, SqsEvent
from shared.consumer.pool import Pool
from shared.consumer.stop import Stop


class PoolGroup:
    """Runs the pools of all queues concurrently; if one fails, all end."""

    def __init__(self, pools: Sequence[Pool], *, health_port: int | None = None) -> None:
        self._pools = pools
        self._health_port = health_port

    @property
    def handlers_left(self) -> int:
        """How many handlers were still running at the end although they were cancelled."""
        return sum(pool.handlers_left for pool in self._pools)

    async def run(self, stop: Stop) -> None:
        """Process until a stop is requested."""
        vitals = _AllVitals([pool.vitals for pool in self._pools])
        with serve_health(vitals, port=self._health_port) as health_url:
            async with asyncio.TaskGroup() as group:
                for pool in self._pools:
                    group.create_task(pool.run(stop, health_url=health_url))


class _AllVitals:
    """The problems of several pools as those of one."""

    def __init__(self, vitals: Sequence[Vitals]) -> None:
        self._vitals = vitals

    def find_liveness_problems(self) -> list[str]:
        return [problem for each in self._vitals for problem in each.find_liveness_problems()]

    def find_readiness_problems(self) -> list[str]:
        return [problem for each in self._vitals for problem in each.find_readiness_problems()]


class BatchGroup:
    """Processes an event with the batch of its queue: all records of a Lambda event are of one queue."""

    def __init__(self, batches: Mapping[str, LambdaBatch]) -> None:
        """Take the batches by the name of their queue."""
        self._batches = batches

    async def run(self, event: SqsEvent, *, seconds_left: Callable[[], float] = lambda: inf) -> BatchResponse:
        """Return the `batchItemFailures`."""
        queue = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        return await self._batches[queue].run(event, seconds_left=seconds_left)
