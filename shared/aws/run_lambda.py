"""Runs a worker behind a Lambda event-source mapping."""

import asyncio
import functools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from shared.consumer.lambda_event import BatchResponse, LambdaContext, SqsEvent
from shared.consumer.worker import Worker, WorkerFactory


@dataclass(frozen=True, slots=True)
class _Environment:
    runner: asyncio.Runner
    manager: AbstractAsyncContextManager[Worker]
    """Referenced here, because a garbage-collected manager closes its clients."""

    worker: Worker


def build_lambda_handler(open_worker: WorkerFactory) -> Callable[[SqsEvent, LambdaContext], BatchResponse]:
    """Return the handler of an event-source mapping; loop and clients live as long as the environment."""

    @functools.cache
    def open_environment() -> _Environment:
        manager = open_worker()

        async def open_worker_and_leases() -> Worker:
            worker = await manager.__aenter__()
            for leases in worker.leases:
                await leases.start()
            return worker

        runner = asyncio.Runner()
        return _Environment(runner, manager, runner.run(open_worker_and_leases()))

    def handle(event: SqsEvent, context: LambdaContext) -> BatchResponse:
        warm = open_environment()
        batch = warm.worker.batch.run(event, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
        return warm.runner.run(batch)

    return handle
