"""Runs a worker as a pool: the process behind `python -m workers.NAME`."""

import asyncio
import os
import sys

import uvloop
from pydantic import ValidationError

from shared.consumer.stop import Stop, stop_on_signals
from shared.consumer.worker import WorkerFactory
from shared.errors import ConfigurationError
from shared.garbage import spare_what_is_open
from shared.settings import describe_invalid_settings


def run_pool(open_worker: WorkerFactory) -> None:
    """Run a pool until SIGTERM or SIGINT; a missing or invalid setting ends it with one clear sentence."""

    async def main() -> int:
        stop = Stop()
        with stop_on_signals(stop):
            async with open_worker() as worker:
                spare_what_is_open()
                await worker.pool.run(stop)
                return worker.pool.handlers_left

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            handlers_left = runner.run(main())
            # Everything is handed back and closed. Handlers that ignored their cancellation and blocking calls on
            # threads may still run, and Python would wait for them without limit.
            sys.stdout.flush()
            os._exit(1 if handlers_left else 0)
    except ValidationError as error:
        sys.exit(f"not started, check these variables: {describe_invalid_settings(error)}")
    except ConfigurationError as error:
        sys.exit(f"not started: {error}")
