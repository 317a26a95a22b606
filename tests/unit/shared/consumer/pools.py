"""What the tests of the pool share: a pool that runs for a while, and leaves nothing behind."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.stop import Stop
from tests.deadlines import DEADLINE_SECONDS


def pool_of(bench, **options):
    defaults = {"concurrency": 5, "wait_seconds": 5, "lease": bench.lease, "drain": timedelta(seconds=2)}
    return Pool(
        queue=bench.queue,
        processor=bench.processor,
        leases=bench.leases,
        settler=bench.settler,
        options=PoolOptions(**defaults | options),
        telemetry=bench.telemetry,
    )


@asynccontextmanager
async def running(bench, **options):
    """Run a pool for the body; then stop it and check that it has left nothing behind.

    Its long polls end by themselves, unless the body requests the stop: then the pool has to end them.
    """
    before, stop = asyncio.all_tasks(), Stop()
    run = asyncio.create_task(pool_of(bench, **options).run(stop))
    try:
        yield stop
    finally:
        if not stop.requested.is_set():
            stop.request()
            bench.queue.end_polls()
        await asyncio.wait_for(run, DEADLINE_SECONDS)
    await asyncio.sleep(0)
    # All tests share an event loop: a task of another test may have ended meanwhile.
    left = asyncio.all_tasks() - before
    assert not left, left
    assert bench.queue.open_polls == 0
    assert bench.queue.in_flight() == []


async def until(condition, seconds=DEADLINE_SECONDS):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


def is_empty_a_second_later(bench):
    """Turn the clock by a second only: a retry may not be on the queue yet, and no lease ends under its handler."""
    bench.clock.advance(timedelta(seconds=1))
    return not bench.queue.bodies()


def send(bench, body, count, *, groups=None):
    for number in range(count):
        bench.queue.send(body(f"k{number}"), group=f"g{number % (groups or count)}")
