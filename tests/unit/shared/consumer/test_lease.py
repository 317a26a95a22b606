"""Leases: extended in batches for as long as a delivery is ours, and noticed within a second when one is lost."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from shared.clock import SystemClock
from shared.consumer.delivery import Refused, VisibilityChange
from shared.consumer.disposition import Abandon, Ack, DeadLetter
from shared.consumer.heartbeat import MAX_VISIBILITY_SECONDS
from shared.consumer.lease import LeaseKeeper
from shared.errors import LeaseLostError, PermanentError, TransientError

TROUBLE = [TransientError("sqs"), PermanentError("aws_AccessDenied")]


async def cover(bench, count, *, group=None):
    for number in range(count):
        bench.queue.send(f"m{number}", group=group or f"g{number}")
    found = []
    while len(found) < count:
        found += await bench.take()
    for delivery in found:
        bench.leases.cover(delivery)
    return found


@asynccontextmanager
async def keeping(leases):
    """Let the keeper's thread run for the body."""
    await leases.start()
    try:
        yield
    finally:
        await leases.stop()


async def until(condition, seconds=3.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


# --- visibility -------------------------------------------------------------------------------------------------


async def test_deliveries_are_extended_in_batches_of_ten(bench):
    """Twenty-five covered deliveries cost three calls, and all stay ours past their first time-out."""
    await cover(bench, 25)
    bench.clock.turn(timedelta(seconds=20))
    await bench.beat()
    assert bench.queue.calls["change_visibility"] == 3
    bench.clock.turn(timedelta(seconds=20))
    assert len(bench.queue.in_flight()) == 25


async def test_what_waits_is_extended_three_times_a_lease(bench):
    """A delivery that nobody works on yet costs no more calls than it takes to keep it."""
    await cover(bench, 1)
    for _ in range(60):
        bench.clock.turn(timedelta(seconds=0.5))
        await bench.beat()
    assert bench.queue.calls["change_visibility"] == 3


async def test_a_fresh_delivery_costs_nothing(bench):
    """What is settled within a beat or two is never extended."""
    await cover(bench, 10)
    bench.clock.turn(timedelta(seconds=1))
    await bench.beat()
    assert bench.queue.calls["change_visibility"] == 0


async def test_what_is_not_covered_is_left_alone(bench):
    """A delivery that was settled or given back is no longer extended; with nothing covered there is no call."""
    kept, settled = await cover(bench, 2)
    bench.leases.uncover(settled)
    bench.clock.turn(timedelta(seconds=20))
    await bench.beat()
    bench.clock.turn(timedelta(seconds=20))
    assert bench.queue.in_flight() == [kept.body]
    bench.leases.uncover(kept)
    bench.leases.uncover(kept)
    await bench.beat()
    assert bench.queue.calls["change_visibility"] == 1


async def test_a_delivery_settled_during_an_extension_is_not_hidden_for_longer(bench):
    """Whoever shows a message again first waits for the extension under way, which would hide it."""
    (delivery,) = await cover(bench, 1)
    bench.queue.stall("change_visibility", 0.05)
    bench.clock.turn(timedelta(seconds=20))
    extending = asyncio.create_task(bench.beat())
    await until(lambda: bench.queue.calls["change_visibility"])
    await bench.leases.uncover(delivery)
    await bench.queue.change_visibility([VisibilityChange(delivery, 2)])
    await extending
    bench.clock.turn(timedelta(seconds=2))
    assert bench.queue.in_flight() == []


async def test_what_was_settled_before_its_batch_goes_out_is_left_out(bench):
    """Between the choice of what is due and the call, settled deliveries drop out."""
    first, second = await cover(bench, 2)
    sent = []
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        sent.append([change.delivery for change in changes])
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    bench.clock.turn(timedelta(seconds=20))
    extending = asyncio.create_task(bench.beat())
    await asyncio.sleep(0)  # what is due has been chosen, and no call has gone out
    assert bench.leases.uncover(first) is None
    await extending
    assert sent == [[second]]


@pytest.mark.parametrize("error", TROUBLE)
async def test_a_failed_extension_is_tried_again_at_the_next_beat(bench, error):
    """A call that fails, for whatever reason, ends neither the other batches nor the next round."""
    await cover(bench, 15)
    change_visibility = bench.queue.change_visibility
    failures = [error]

    async def fail_once(changes):
        if failures:
            raise failures.pop()
        return await change_visibility(changes)

    bench.queue.change_visibility = fail_once
    bench.clock.turn(timedelta(seconds=10))
    await bench.beat()
    bench.clock.turn(timedelta(seconds=0.7))
    await bench.beat()
    bench.clock.turn(timedelta(seconds=25))
    assert len(bench.queue.in_flight()) == 15


async def test_an_entry_that_failed_is_tried_again_at_the_next_beat(bench):
    """The queue may refuse single entries; the next beat has them again, and only them."""
    await cover(bench, 3)
    bench.queue.fail_entries("change_visibility", 2)
    sizes = []
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        sizes.append(len(changes))
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    bench.clock.turn(timedelta(seconds=10))
    await bench.beat()
    bench.clock.turn(timedelta(seconds=0.7))
    await bench.beat()
    assert sizes == [3, 2]
    bench.clock.turn(timedelta(seconds=25))
    assert len(bench.queue.in_flight()) == 3


async def test_no_lease_is_asked_for_beyond_twelve_hours(bench):
    """SQS hides a message for twelve hours in all; the last extension asks for what is left of them, the next loses."""
    (delivery,) = await cover(bench, 1)
    asked = []

    async def watched(changes):
        asked.extend(change.seconds for change in changes)
        return [Refused(change.delivery, gone=True) for change in changes if change.seconds == 0]

    bench.queue.change_visibility = watched
    while not bench.leases.is_lost(delivery):
        bench.clock.turn(timedelta(seconds=10))
        await bench.beat()
        assert sum(10 for _ in asked) <= MAX_VISIBILITY_SECONDS
    assert max(asked) == 30
    assert sorted(asked)[:2] == [0, 10]
    ages = [10 * (number + 1) + seconds for number, seconds in enumerate(asked)]
    assert max(ages) == MAX_VISIBILITY_SECONDS


# --- claims -----------------------------------------------------------------------------------------------------


async def test_a_claim_is_extended_while_its_handler_runs(bench):
    """The command stays busy for others past its first lease, and no longer once the handler is done."""
    delivery, claim = await bench.deliver(), await bench.claim()
    with bench.leases.hold(delivery, claim):
        for _ in range(3):
            bench.clock.turn(timedelta(seconds=20))
            await bench.beat()
        assert bench.claims.records["k1"].lease_until == bench.clock.now() + bench.lease
    until = bench.claims.records["k1"].lease_until
    bench.clock.turn(timedelta(seconds=11))
    await bench.beat()
    assert bench.claims.records["k1"].lease_until == until


@pytest.mark.parametrize("error", TROUBLE)
async def test_a_claim_that_cannot_be_extended_now_is_not_lost(bench, error):
    """Trouble with the table is no word about the owner: the handler goes on, and the next beat extends."""
    extend, lost = bench.claims.extend, bench.claims.lost
    failures = [error, error]

    async def fail_once(call, *arguments, **named):
        if failures:
            raise failures.pop()
        return await call(*arguments, **named)

    bench.claims.extend = lambda claim, *, lease: fail_once(extend, claim, lease=lease)
    bench.claims.lost = lambda claims: fail_once(lost, claims)
    bench.handler.delay_seconds = 0.1
    task = asyncio.create_task(bench.processor.process(await bench.deliver()))
    await bench.handler.started.wait()
    bench.clock.turn(timedelta(seconds=10))
    await bench.beat()
    assert failures == []
    bench.clock.turn(timedelta(seconds=1))
    await bench.beat()
    assert bench.claims.records["k1"].lease_until == bench.clock.now() + bench.lease
    assert await task == Ack()


# --- loss -------------------------------------------------------------------------------------------------------


def steal(bench, delivery):
    del delivery
    bench.claims.records["k1"].owner = "another"


def invalidate(bench, delivery):
    bench.queue.invalidate(delivery.body)


@pytest.mark.parametrize("lose", [steal, invalidate])
async def test_a_lost_lease_cancels_the_handler_within_a_second(make_bench, lose):
    """Whether the claim or the receipt was taken from outside: the handler ends, and its late write is refused."""
    bench = make_bench(monotonic=time.monotonic)
    bench.handler.delay_seconds = 5
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    async with keeping(bench.leases):
        task = asyncio.create_task(bench.processor.process(delivery))
        await bench.handler.started.wait()
        await asyncio.sleep(0.4)
        lose(bench, delivery)
        lost_at = time.monotonic()
        assert await task == Abandon()
        took = time.monotonic() - lost_at
    assert took < 1
    assert bench.handler.cancelled == ["k1"]
    assert task.cancelling() == 0
    # Nobody has written in the name of the claim, and nobody can any more.
    assert not bench.claims.records["k1"].done
    (_, claim) = bench.handler.claims_seen[-1]
    with pytest.raises(LeaseLostError):
        await bench.claims.complete(claim)


async def test_a_lease_that_could_not_be_extended_in_time_is_lost(bench):
    """When nothing was heard for a whole lease, the message is somebody else's by now, and the handler ends."""
    bench.handler.delay_seconds = 5
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    task = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    bench.queue.fail_calls("change_visibility", 99)
    for _ in range(3):
        bench.clock.turn(timedelta(seconds=9))
        await bench.beat()
    assert not task.done()
    bench.clock.turn(timedelta(seconds=4))
    await bench.beat()
    assert await task == Abandon()


async def test_what_is_lost_is_left_alone(bench):
    """A delivery that the queue gave to somebody else is not extended again: with luck that would hide theirs."""
    lost, kept = await cover(bench, 2)
    bench.queue.invalidate(lost.body)
    bench.clock.turn(timedelta(seconds=10))
    await bench.beat()
    assert bench.leases.is_lost(lost)
    asked = []
    change_visibility = bench.queue.change_visibility

    async def watched(changes):
        asked.extend(change.delivery for change in changes)
        return await change_visibility(changes)

    bench.queue.change_visibility = watched
    bench.clock.turn(timedelta(seconds=10))
    await bench.beat()
    assert asked == [kept]


async def test_work_on_what_was_lost_while_it_waited_does_not_begin(bench):
    """After the process was suspended for longer than a lease, waiting deliveries are left to their new owners."""
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    bench.clock.turn(timedelta(seconds=31))
    assert await bench.processor.process(delivery) == Abandon()
    assert bench.handler.handled == []
    assert bench.claims.records == {}


async def test_a_stop_wins_over_a_lost_claim(bench):
    """A task that is cancelled from outside as well ends as cancelled, not as a lost lease."""
    delivery, claim = await bench.deliver(), await bench.claim()

    async def work():
        with bench.leases.hold(delivery, claim):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    bench.claims.steal(claim)
    beating = asyncio.create_task(bench.beat())
    task.cancel()
    await beating
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_loss_after_the_end_cancels_nobody(bench):
    """A cancellation that arrives when the handler has just ended does not hit what the task does next."""
    delivery, claim = await bench.deliver(), await bench.claim()
    with bench.leases.hold(delivery, claim) as hold:
        pass
    hold.cancel(LeaseLostError("k1"))
    await asyncio.sleep(0.01)
    assert asyncio.current_task().cancelling() == 0


async def test_a_lost_claim_is_said_by_hold(bench):
    """Whoever holds a claim directly hears of its loss as `LeaseLostError`."""
    delivery, claim = await bench.deliver(), await bench.claim()

    async def work():
        with bench.leases.hold(delivery, claim):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    bench.claims.steal(claim)
    await bench.beat()
    with pytest.raises(LeaseLostError):
        await task


# --- a loop that is blocked, a handler that hangs -----------------------------------------------------------------


async def test_a_blocked_loop_keeps_its_leases(make_bench, body):
    """A handler that blocks the event loop for three visibility time-outs costs no redelivery."""
    bench = make_bench(lease=timedelta(seconds=0.6), monotonic=time.monotonic)
    bench.queue._clock = bench.claims._clock = SystemClock()

    async def block(work, claim):
        time.sleep(1.8)  # noqa: ASYNC251 - that is the point
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
        bench.leases.cover(delivery)
    return found


async def test_a_handler_that_ignores_its_end_is_left_to_itself(make_bench):
    """After its limit a handler's leases are kept no longer, so that another worker can have the message."""
    bench = make_bench(limit=timedelta(seconds=60))
    delivery, claim = await bench.deliver(), await bench.claim()
    bench.leases.cover(delivery)
    cancelled = asyncio.Event()

    async def stubborn():
        with bench.leases.hold(delivery, claim):
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
        bench.clock.turn(timedelta(seconds=6))
        await bench.beat()
    assert bench.leases.overdue() == []
    assert bench.queue.in_flight()
    for _ in range(6):
        bench.clock.turn(timedelta(seconds=6))
        await bench.beat()
    assert bench.leases.overdue() == [delivery.message_id]
    assert bench.queue.in_flight() == []
    await asyncio.wait_for(cancelled.wait(), 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_absolute_limit_ends_a_hung_handler(make_bench):
    """A handler that waits for ever is cancelled at its limit, tried again, and at last dead-lettered as a timeout."""
    bench = make_bench(limit=timedelta(seconds=60), max_attempts=1)
    bench.handler.delay_seconds = 3600
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    processing = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    for _ in range(6):
        assert not processing.done()
        bench.clock.turn(timedelta(seconds=10.1))
        await bench.beat()
    disposition = await processing
    assert isinstance(disposition, DeadLetter)
    assert disposition.reason == "timeout"
    assert bench.handler.cancelled == ["k1"]
    assert bench.handler.given_up == [("k1", "timeout")]


# --- the thread ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [*TROUBLE, ValueError("bug")])
async def test_the_heartbeat_outlives_a_failed_call(make_bench, error):
    """A worker whose queue refuses everything for a while goes on extending."""
    bench = make_bench(lease=timedelta(seconds=0.06), monotonic=time.monotonic)
    await cover(bench, 1)
    calls = []

    async def refuse(changes):
        calls.append(len(changes))
        raise error

    bench.queue.change_visibility = refuse
    async with keeping(bench.leases):
        before = bench.leases.heartbeat.beat_at
        await until(lambda: calls and bench.leases.heartbeat.beat_at > before + 0.2)


async def test_connections_that_cannot_be_opened_are_said_at_the_start(bench):
    """A worker that could not keep its leases does not start."""

    @asynccontextmanager
    async def broken():
        raise TransientError("no network")
        yield

    leases = LeaseKeeper(open_line=broken, lease=bench.lease, limit=bench.lease)
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
    await cover(bench, 25)
    bench.queue.stall("change_visibility", 60)
    async with keeping(bench.leases):
        await asyncio.sleep(3)
        assert len(bench.queue.in_flight()) == 25
        assert not any(bench.leases.is_lost(covered.delivery) for covered in bench.leases._covered.values())


# --- what an attack found -----------------------------------------------------------------------------------------


async def test_a_hung_handler_keeps_its_claim_no_longer(make_bench):
    """Another worker finds the command free a lease after nobody waits for the hung one any more."""
    bench = make_bench(limit=timedelta(seconds=60))
    delivery, claim = await bench.deliver(), await bench.claim()
    bench.leases.cover(delivery)

    release = asyncio.Event()

    async def hang():
        with bench.leases.hold(delivery, claim):
            while not release.is_set():
                with suppress(asyncio.CancelledError):
                    await release.wait()

    hanging = asyncio.create_task(hang())
    await asyncio.sleep(0)
    for _ in range(20):
        bench.clock.turn(timedelta(seconds=6))
        await bench.beat()
        await asyncio.sleep(0)
    assert (await bench.claim()).attempts == 2
    release.set()
    with suppress(TimeoutError, LeaseLostError):
        await hanging


async def test_a_handler_does_not_begin_on_a_lease_that_was_lost_while_it_was_claimed(bench):
    """A claim that took longer than the lease is given back, and the handler never runs."""
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    claim = bench.claims.claim

    async def slow(*arguments, **named):
        taken = await claim(*arguments, **named)
        bench.clock.turn(timedelta(seconds=31))
        await bench.beat()
        return taken

    bench.claims.claim = slow
    assert await bench.processor.process(delivery) == Abandon()
    assert bench.handler.handled == []
    assert bench.claims.records["k1"].owner is None


@pytest.mark.parametrize("makes_of_it", ["success", "another error"])
async def test_a_lost_lease_is_no_success_and_no_failure(bench, makes_of_it):
    """Whatever a handler makes of its cancellation: the message is another worker's, not ours to delete or bury."""

    async def deaf(work, claim):
        try:
            bench.handler.started.set()
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            if makes_of_it == "another error":
                raise ValueError("clean-up failed") from None

    bench.handler.handle = deaf
    delivery = await bench.deliver()
    bench.leases.cover(delivery)
    task = asyncio.create_task(bench.processor.process(delivery))
    await bench.handler.started.wait()
    bench.claims.records["k1"].owner = "another"
    await bench.beat()
    assert await task == Abandon()
    assert task.cancelling() == 0
    assert bench.queue.dead_letters == []


async def test_an_extension_answered_after_the_end_is_no_loss(bench):
    """A message that was deleted while its extension was under way is not reported as lost."""
    (delivery,) = await cover(bench, 1)
    bench.queue.stall("change_visibility", 0.05)
    bench.clock.turn(timedelta(seconds=20))
    extending = asyncio.create_task(bench.beat())
    await until(lambda: bench.queue.calls["change_visibility"])
    bench.leases.uncover(delivery)
    await bench.queue.delete([delivery])
    await extending
    assert bench.telemetry._lost == 0


async def test_the_end_needs_no_thread_of_the_loop(bench):
    """Blocking calls of handlers may hold every thread of the loop's executor; the keeper ends all the same."""
    loop, release = asyncio.get_running_loop(), threading.Event()
    blocked = [loop.run_in_executor(None, release.wait, 10) for _ in range(64)]
    await bench.leases.start()
    try:
        await asyncio.wait_for(bench.leases.stop(), 4)
    finally:
        release.set()
        await asyncio.wait(blocked)
