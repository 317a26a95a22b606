"""The pool stops: what runs is finished or handed back, nothing is left behind, and nobody is waited for in vain."""

import asyncio
import os
import signal
from datetime import timedelta

import pytest

from shared.consumer.stop import Stop, stop_on_signals
from tests.deadlines import DEADLINE_SECONDS
from tests.unit.shared.consumer.pools import pool_of, running, send, until


async def test_an_idle_pool_ends_its_poll_at_once(bench):
    """A stop does not wait for a long poll that has nothing to say."""
    async with running(bench, wait_seconds=3600) as stop:
        await until(lambda: bench.queue.open_polls)
        stop.request()


async def test_a_busy_pool_stops_without_asking_for_more(bench, body):
    """When all permits are in use at the stop, no further poll begins."""
    bench.handler.delay_seconds = 0.1
    send(bench, body, 4)
    async with running(bench, concurrency=2) as stop:
        await until(lambda: len(bench.handler.handled) == 2)
        polls = bench.queue.calls["receive"]
        stop.request()
    assert bench.queue.calls["receive"] == polls
    assert len(bench.queue.bodies()) == 2


async def test_what_runs_at_the_stop_is_finished(bench, body):
    """Handlers that end within the drain time are settled; what waits behind them goes back untouched."""
    bench.handler.delay_seconds = 0.1
    send(bench, body, 6, groups=2)
    async with running(bench, concurrency=6):
        await until(lambda: len(bench.handler.handled) == 2)
    assert sorted(bench.handler.handled) == ["k0", "k1"]
    assert bench.queue.bodies() == [body(f"k{n}") for n in range(2, 6)]


async def test_what_does_not_finish_is_handed_back(bench, body):
    """After the drain time handlers are cancelled; their messages and their commands are free at once."""
    bench.handler.delay_seconds = 30
    send(bench, body, 4, groups=2)
    async with running(bench, concurrency=4, drain=timedelta(seconds=0.05)):
        await until(lambda: len(bench.handler.handled) == 2)
    assert sorted(bench.handler.cancelled) == ["k0", "k1"]
    assert len(bench.queue.bodies()) == 4
    assert [bench.claims.records[key].owner for key in ("k0", "k1")] == [None, None]
    assert [bench.claims.records[key].attempts for key in ("k0", "k1")] == [0, 0], "a stop is nobody's failure"


async def test_a_stop_does_not_wait_for_the_queue_to_recover(bench):
    """Between two failed receives a stop takes effect at once."""
    loop = asyncio.get_running_loop()
    bench.queue.fail_calls("receive", 99)
    async with running(bench) as stop:
        await until(lambda: bench.queue.calls["receive"])
        started = loop.time()
        stop.request()
    assert loop.time() - started < 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_ask_for_a_stop(number):
    """SIGTERM and SIGINT set the event inside the `with`, and are nobody's business after it."""
    stop = Stop()
    loop = asyncio.get_running_loop()
    with stop_on_signals(stop):
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.requested.wait(), DEADLINE_SECONDS)
    assert not loop.remove_signal_handler(number)


async def test_the_second_signal_means_now(bench, body):
    """Asked twice, a pool does not wait for its handlers; what they had is free at once."""
    bench.handler.delay_seconds = 3600
    send(bench, body, 3)
    async with running(bench, drain=timedelta(hours=1)) as stop:
        await until(lambda: len(bench.handler.handled) == 3)
        stop.request()
        stop.request()
    assert sorted(bench.handler.cancelled) == ["k0", "k1", "k2"]
    assert len(bench.queue.bodies()) == 3


async def test_a_handler_that_ignores_its_cancellation_is_left_behind(bench, body):
    """The stop ends in its time all the same, gives the message back, and says how many it left."""
    before, release = asyncio.all_tasks(), asyncio.Event()

    async def stubborn(message, claim):
        bench.handler.handled.append(message.id)
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    bench.handler.handle = stubborn
    send(bench, body, 1)
    pool, stop = pool_of(bench, drain=timedelta(seconds=0.4)), Stop()
    run = asyncio.create_task(pool.run(stop))
    await until(lambda: bench.handler.handled)
    stop.request()
    await asyncio.wait_for(run, DEADLINE_SECONDS)
    assert pool.handlers_left == 1
    assert bench.queue.in_flight() == []
    release.set()
    await until(lambda: asyncio.all_tasks() == before)
    assert not pool._running


async def test_what_an_open_poll_took_comes_back(bench, body):
    """A receive whose answer is still on its way at the stop strands nothing: it is asked for once more."""
    bench.queue.stall("receive", 30)
    send(bench, body, 3)
    async with running(bench):
        await until(lambda: len(bench.queue.in_flight()) == 3)
    assert bench.handler.handled == []
    assert len(bench.queue.bodies()) == 3


async def test_what_a_poll_brings_home_during_the_stop_is_not_begun(bench, body):
    """A receive that comes back within the grace period is handed back at once."""
    bench.queue.stall("receive", 0.1)
    send(bench, body, 3)
    async with running(bench):
        await until(lambda: len(bench.queue.in_flight()) == 3)
    assert bench.handler.handled == []
    assert bench.queue.calls["receive"] == 1
