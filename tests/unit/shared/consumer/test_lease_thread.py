"""The thread that keeps leases: it goes on while the loop is blocked, a handler hangs, or a call never answers."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from shared.clock import SystemClock
from shared.consumer.disposition import Ack, DeadLetter
from shared.consumer.lease import LeaseKeeper
from shared.errors import LeaseLostError, TransientError
from tests.deadlines import DEADLINE_SECONDS
from tests.unit.shared.consumer.leases import CALL_ERRORS, keeping, track, until


async def test_a_blocked_loop_keeps_its_leases(make_bench, body):
    """A handler that blocks the event loop for two visibility time-outs costs no redelivery."""
    bench = make_bench(lease=timedelta(seconds=1.2), monotonic=time.monotonic)
    bench.queue._clock = bench.claims._clock = SystemClock()

    async def block(message, claim):
        time.sleep(2.4)  # noqa: ASYNC251 - that is the point
        await bench.claims.complete(claim)

    bench.handler.handle = block
    (running, waiting) = await deliver_two(bench, body)
    async with keeping(bench.leases):
        assert await bench.processor.process(running) == Ack()
        assert await bench.take() == []
        assert not bench.leases.is_lost(waiting)
        assert bench.claims.records["k1"].attempts == 1


async def deliver_two(bench, body):
    for key in ("k1", "k2"):
        bench.queue.send(body(key), group="s1")
    found = await bench.take()
    for delivery in found:
        bench.leases.track(delivery)
    return found


async def test_a_handler_that_ignores_its_end_is_left_to_itself(make_bench):
    """After its limit a handler's leases are kept no longer, so that another worker can have the message."""
    bench = make_bench(limit=timedelta(seconds=60))
    delivery, claim = await bench.deliver(), await bench.claim()
    bench.leases.track(delivery)
    cancelled = asyncio.Event()

    async def stubborn():
        with bench.leases.open_handler_lease(delivery, claim):
            while True:
                try:
                    await asyncio.sleep(5)
                except asyncio.CancelledError:
                    if cancelled.is_set():
                        raise
                    cancelled.set()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    for _ in range(10):
        bench.clock.advance(timedelta(seconds=6))
        await bench.beat()
    assert bench.leases.list_overdue_message_ids() == []
    assert bench.queue.in_flight()
    for _ in range(6):
        bench.clock.advance(timedelta(seconds=6))
        await bench.beat()
    assert bench.leases.list_overdue_message_ids() == [delivery.message_id]
    assert bench.queue.in_flight() == []
    await asyncio.wait_for(cancelled.wait(), DEADLINE_SECONDS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_absolute_limit_ends_a_hung_handler(make_bench):
    """A handler that waits for ever is cancelled at its limit, tried again, and at last dead-lettered as a timeout."""
    bench = make_bench(limit=timedelta(seconds=60), max_attempts=1)
    bench.handler.delay_seconds = 3600
    delivery = await bench.deliver()
    bench.leases.track(delivery)
    processing = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    for _ in range(6):
        assert not processing.done()
        bench.clock.advance(timedelta(seconds=10.1))
        await bench.beat()
    disposition = await processing
    assert isinstance(disposition, DeadLetter)
    assert disposition.reason == "timeout"
    assert bench.handler.cancelled == ["k1"]
    assert bench.handler.given_up == [("k1", "timeout")]


@pytest.mark.parametrize("error", [*CALL_ERRORS, ValueError("bug")])
async def test_the_heartbeat_outlives_a_failed_call(make_bench, error):
    """A worker whose queue refuses everything for a while goes on extending."""
    bench = make_bench(lease=timedelta(seconds=0.06), monotonic=time.monotonic)
    await track(bench, 1)
    calls = []

    async def refuse(changes):
        calls.append(len(changes))
        raise error

    bench.queue.change_visibility = refuse
    async with keeping(bench.leases):
        before = bench.leases.heartbeat.beat_at
        await until(lambda: calls and bench.leases.heartbeat.beat_at > before + 0.2)


async def test_a_start_fails_when_connections_fail(bench):
    """A worker that could not keep its leases does not start."""

    @asynccontextmanager
    async def broken():
        raise TransientError("no network")
        yield

    leases = LeaseKeeper(open_connections=broken, lease=bench.lease, limit=bench.lease)
    with pytest.raises(TransientError, match="no network"):
        await leases.start()


async def test_stopping_twice_and_without_a_start_is_harmless(bench):
    """Whoever cleans up need not know how far it got."""
    await bench.leases.stop()
    await bench.leases.start()
    await bench.leases.stop()
    await bench.leases.stop()


async def test_a_call_that_hangs_holds_up_nothing_else(make_bench):
    """One extension that never answers costs neither the other leases nor the look at what runs."""
    bench = make_bench(lease=timedelta(seconds=1.2), monotonic=time.monotonic)
    bench.queue._clock = bench.claims._clock = SystemClock()
    await track(bench, 25)
    bench.queue.stall("change_visibility", 60)
    leased, received_at = list(bench.leases._leased.values()), time.monotonic()
    async with keeping(bench.leases):
        await until(lambda: all(one.is_lost or one.extended_at > received_at + 1.2 for one in leased))
        assert len(bench.queue.in_flight()) == 25
        assert not any(bench.leases.is_lost(one.delivery) for one in leased)


async def test_a_hung_handler_keeps_its_claim_no_longer(make_bench):
    """Another worker finds the command free a lease after nobody waits for the hung one any more."""
    bench = make_bench(limit=timedelta(seconds=60))
    delivery, claim = await bench.deliver(), await bench.claim()
    bench.leases.track(delivery)

    release = asyncio.Event()

    async def hang():
        with bench.leases.open_handler_lease(delivery, claim):
            while not release.is_set():
                with suppress(asyncio.CancelledError):
                    await release.wait()

    hanging = asyncio.create_task(hang())
    await asyncio.sleep(0)
    for _ in range(20):
        bench.clock.advance(timedelta(seconds=6))
        await bench.beat()
        await asyncio.sleep(0)
    assert (await bench.claim()).attempts == 2
    release.set()
    with suppress(TimeoutError, LeaseLostError):
        await hanging


async def test_the_end_needs_no_thread_of_the_loop(bench):
    """Blocking calls of handlers may hold every thread of the loop's executor; the keeper ends all the same."""
    loop, release = asyncio.get_running_loop(), threading.Event()
    blocked = [loop.run_in_executor(None, release.wait, 2 * DEADLINE_SECONDS) for _ in range(64)]
    await bench.leases.start()
    try:
        await asyncio.wait_for(bench.leases.stop(), DEADLINE_SECONDS)
    finally:
        release.set()
        await asyncio.wait(blocked)
