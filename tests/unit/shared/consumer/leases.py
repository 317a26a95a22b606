"""What the tests of leases share."""

import asyncio
from contextlib import asynccontextmanager

from shared.errors import PermanentError, TransientError
from tests.deadlines import DEADLINE_SECONDS

CALL_ERRORS = [TransientError("sqs"), PermanentError("aws_AccessDenied")]


async def track(bench, count, *, group=None):
    for number in range(count):
        bench.queue.send(f"m{number}", group=group or f"g{number}")
    found = []
    while len(found) < count:
        found += await bench.take()
    for delivery in found:
        bench.leases.track(delivery)
    return found


@asynccontextmanager
async def keeping(leases):
    """Let the keeper's thread run for the body."""
    await leases.start()
    try:
        yield
    finally:
        await leases.stop()


async def until(condition, seconds=DEADLINE_SECONDS):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
