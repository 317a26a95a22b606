"""Runs a worker behind a Lambda event-source mapping.

It imports nothing that a package could lack: a worker whose libraries can't be imported reports its events as failed.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.aws.postpone_records import postpone_records
from shared.lambda_start import Start, StartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.consumer.lambda_event import BatchResponse, LambdaContext, SqsEvent
    from shared.consumer.worker import Worker, WorkerFactory


@dataclass(frozen=True, slots=True)
class _Environment:
    runner: asyncio.Runner
    stack: AsyncExitStack
    """Referenced here, because garbage-collected contexts close their clients."""

    worker: Worker


def build_lambda_handler(
    open_worker: WorkerFactory, *, component: str
) -> Callable[[SqsEvent, LambdaContext], BatchResponse]:
    """Return the handler of an event-source mapping; loop and clients live as long as the environment.

    The worker is opened at once, because Lambda imports the function in the init phase. While it can't be opened, every
    event is reported as failed, and its records are hidden for a pause that grows with their receives.
    """
    start = Start(lambda: _open_environment(open_worker), component=component)
    start.attempt()

    def handle(event: SqsEvent, context: LambdaContext) -> BatchResponse:
        try:
            warm = start.get()
        except StartError:
            postpone_records(event["Records"], component=component)
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}
        batch = warm.worker.batch.run(event, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
        return warm.runner.run(batch)

    return handle


def _open_environment(open_worker: WorkerFactory) -> _Environment:
    async def open_worker_and_leases() -> tuple[AsyncExitStack, Worker]:
        async with AsyncExitStack() as stack:
            worker = await stack.enter_async_context(open_worker())
            for leases in worker.leases:
                stack.push_async_callback(leases.stop)
                await leases.start()
            return stack.pop_all(), worker

    runner = asyncio.Runner()
    try:
        return _Environment(runner, *runner.run(open_worker_and_leases()))
    except BaseException:
        runner.close()
        raise
