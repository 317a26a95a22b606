"""Builds every worker from the descriptions of its queues: pools for a process, batches for a Lambda function."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from shared.claims import ClaimStore
from shared.clock import Clock
from shared.consumer.delivery import Queue
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lease import LeaseKeeper
from shared.consumer.multi_queue import BatchGroup, PoolGroup
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.queue_description import QueueDescription, QueueRuntime
from shared.consumer.settle import Settler
from shared.consumer.shares import ShareLimits
from shared.consumer.telemetry import Telemetry
from shared.metrics import Metrics
from shared.settings import PoolSettings


class QueueConnector(Protocol):
    """Opens the connections to a queue. The composition tests open queues in memory instead of SQS."""

    async def open_queue(self, description: QueueDescription) -> Queue:
        """Open the queue for the worker's own event loop."""
        ...

    def open_lease_connections(
        self, description: QueueDescription
    ) -> AbstractAsyncContextManager[tuple[Queue, ClaimStore]]:
        """Open the lease keeper's own connections to the queue and to the claims, inside its own event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker, ready to run either way."""

    pool: PoolGroup
    batch: BatchGroup
    leases: tuple[LeaseKeeper, ...]
    """A pool starts and stops its keeper; a Lambda function starts them once per environment."""


WorkerFactory = Callable[[], AbstractAsyncContextManager[Worker]]
"""Opens a worker with its dependencies, and closes them again: each `wiring.py` has one."""


async def build_worker(
    queues: Sequence[QueueDescription],
    *,
    connector: QueueConnector,
    claims: ClaimStore,
    clock: Clock,
    metrics: Metrics,
    settings: PoolSettings,
) -> Worker:
    """Open the described queues and return the worker that processes all of them.

    Raises:
        Exception: what the connector raises when a queue can't be opened.
    """
    pools: list[Pool] = []
    batches: dict[str, LambdaBatch] = {}
    leases: list[LeaseKeeper] = []
    for description in queues:
        runtime = await open_queue_runtime(
            description, connector=connector, claims=claims, clock=clock, metrics=metrics, settings=settings
        )
        processor, settler = description.build_processor(runtime), Settler(runtime.queue)
        pools.append(
            Pool(
                queue=runtime.queue,
                processor=processor,
                leases=runtime.leases,
                settler=settler,
                options=_build_pool_options(settings, max_attempts=description.max_attempts),
                telemetry=runtime.telemetry,
            )
        )
        batches[runtime.queue.name] = LambdaBatch(
            queue=runtime.queue,
            processor=processor,
            leases=runtime.leases,
            settler=settler,
            handler_timeout=timedelta(seconds=settings.handler_timeout_seconds),
            telemetry=runtime.telemetry,
        )
        leases.append(runtime.leases)
    return Worker(PoolGroup(pools, health_port=settings.health_port), BatchGroup(batches), tuple(leases))


async def open_queue_runtime(
    description: QueueDescription,
    *,
    connector: QueueConnector,
    claims: ClaimStore,
    clock: Clock,
    metrics: Metrics,
    settings: PoolSettings,
) -> QueueRuntime:
    """Open one queue; its lease keeper opens connections of its own when it starts."""
    queue = await connector.open_queue(description)
    telemetry, lease = Telemetry(metrics, queue=queue.name), timedelta(seconds=settings.lease_seconds)
    leases = LeaseKeeper(
        open_connections=partial(connector.open_lease_connections, description),
        lease=lease,
        limit=timedelta(seconds=settings.handler_timeout_seconds),
        telemetry=telemetry,
    )
    return QueueRuntime(
        queue=queue,
        leases=leases,
        telemetry=telemetry,
        claims=claims,
        clock=clock,
        lease=lease,
        rollout_wait=timedelta(seconds=settings.rollout_wait_seconds),
        concurrency=settings.concurrency,
        shares=ShareLimits(settings.tenant_share, settings.address_share, settings.session_share),
    )


def _build_pool_options(settings: PoolSettings, *, max_attempts: int) -> PoolOptions:
    return PoolOptions(
        concurrency=settings.concurrency,
        wait_seconds=settings.wait_seconds,
        lease=timedelta(seconds=settings.lease_seconds),
        drain=timedelta(seconds=settings.drain_seconds),
        max_attempts=max_attempts,
    )
