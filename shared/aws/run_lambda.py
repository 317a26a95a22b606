"""Runs a worker behind a Lambda event-source mapping."""

import asyncio
import functools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from shared.consumer.worker import Worker, WorkerFactory


@dataclass(frozen=True, slots=True)
class _Environment:
    runner: asyncio.Runner
    manager: AbstractAsyncContextManager[Worker]
    """Kept, because a manager that is collected closes its clients."""

    worker: Worker


def lambda_handler(worker: WorkerFactory) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return the handler of an event-source mapping; loop and clients live as long as the environment."""

    @functools.cache
    def environment() -> _Environment:
        manager = worker()

        async def enter() -> Worker:
            entered = await manager.__aenter__()
            for leases in entered.leases:
                await leases.start()
            return entered

        runner = asyncio.Runner()
        return _Environment(runner, manager, runner.run(enter()))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        warm = environment()
        batch = warm.worker.batch.run(event, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
        return warm.runner.run(batch)

    return handle
