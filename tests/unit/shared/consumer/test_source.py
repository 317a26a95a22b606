"""The source: how many receives are open when, for how much, and what others may know of it."""

import asyncio

import pytest

from shared.consumer.source import Source
from tests.fakes.turned_loop import run_turned
from tests.unit.shared.consumer.sources import VISIBILITY, WAIT, Scene, Script, run


def test_an_idle_queue_costs_three_receives_a_minute():
    """One poller asks, and every time it waits as long as it may."""
    scene = Scene(Script())
    run(scene, None, seconds=600)
    assert len(scene.queue.asks) <= 31
    assert {ask.wait for ask in scene.queue.asks} == {WAIT}
    assert scene.queue.max_open == 1


def test_it_says_what_it_wants():
    """A whole batch, hidden for the lease; an attempt has an id only where the queue knows such."""
    scene = Scene(Script())
    run(scene, None, seconds=1)
    (ask,) = scene.queue.asks
    assert (ask.max_messages, ask.visibility, ask.attempt) == (10, 30, None)


@pytest.mark.parametrize(("total", "bound"), [(1, 1), (10, 1), (11, 2), (64, 7)])
def test_a_backlog_brings_more_pollers_up_to_the_bound(total, bound):
    """As many as it takes to use every permit, ten at a time."""
    scene = Scene(Script(*[10] * 200), total=total, lasts=False)

    async def scenario():
        assert scene.source.pollers == bound

    run(scene, scenario, seconds=1)
    assert scene.queue.max_open == bound


def test_what_is_not_full_brings_no_more_pollers():
    """Nine of ten means that the queue is nearly empty."""
    scene = Scene(Script(*[9] * 50), lasts=False)
    run(scene, None, seconds=0.4)
    assert scene.queue.max_open == 1


def test_without_permits_there_are_no_more_pollers():
    """A full receive that used the last permits is no reason to start somebody who would only wait."""
    scene = Scene(Script(*[10] * 50), total=20)

    async def scenario():
        assert scene.source.pollers <= 2
        assert len(scene.working) == 20
        assert scene.queue.open == []

    run(scene, scenario, seconds=1)


def test_an_empty_queue_sends_the_extra_pollers_away():
    """Each of them looks once more; then one poller is left, and waits long."""
    busy, scene = 40, Scene(Script(*[10] * 40), lasts=False)

    async def scenario():
        assert scene.source.pollers == 1
        assert [ask.wait for ask in scene.queue.open] == [WAIT]

    run(scene, scenario, seconds=WAIT - 1)
    assert len(scene.queue.asks) <= busy + 7


def test_only_one_receive_waits_long():
    """The others look and come back, however long the backlog lasts."""
    scene = Scene(Script(*[10] * 40, *[3] * 5, *[10] * 40), lasts=False)
    run(scene, None, seconds=45)
    assert scene.queue.max_open == 7
    assert scene.queue.max_open_waiting == 1


def test_a_backlog_that_comes_back_is_met_again():
    """Pollers grow anew after they were sent away."""
    scene = Scene(Script(*[10] * 40, 0, 0, 0, 0, 0, 0, 0, 0, *[10] * 40), lasts=False)

    async def scenario():
        scene.queue.max_open = 0
        await asyncio.sleep(WAIT)
        assert scene.queue.max_open == 7

    run(scene, scenario, seconds=0.12)


def test_nothing_is_asked_for_beyond_the_permits():
    """What works and what is asked for is never more than the total, whatever ends when."""
    scene = Scene(Script(*[10, 3, 10, 7, 1, 10, 10, 2] * 20, seconds=0.01), total=23)

    async def scenario():
        for count in [5, 1, 9, 12, 2, 23, 7] * 10:
            await asyncio.sleep(0.004)
            scene.finish(min(count, len(scene.working)))
            asked = sum(ask.max_messages for ask in scene.queue.open)
            assert len(scene.working) + asked + scene.permits.free <= 23
            assert scene.permits.free >= 0

    run(scene, scenario)
    assert len(scene.started) > 100


def test_permits_that_were_not_needed_come_back():
    """Three messages keep three permits; the next receive asks for the others, and for all once they are processed."""
    scene = Scene(Script(3), total=10)

    async def scenario():
        assert [ask.max_messages for ask in scene.queue.asks] == [10, 7]
        scene.finish(3)
        await asyncio.sleep(WAIT)
        assert scene.queue.asks[-1].max_messages == 10

    run(scene, scenario, seconds=0.1)


def test_a_line_needs_one_permit():
    """Messages of one group are processed one after the other, so they keep a single permit."""
    scene = Scene(Script(10), total=10)
    scene.start = lambda _deliveries: 1
    scene.source = Source(
        queue=scene.queue, permits=scene.permits, start=scene.start, wait_seconds=WAIT, visibility=VISIBILITY
    )

    async def scenario():
        assert [ask.max_messages for ask in scene.queue.asks] == [10, 9]

    run(scene, scenario, seconds=0.1)


def test_slow_work_keeps_no_receive_waiting():
    """While a message is worked on for minutes, the next ones come as if it was not there."""
    scene = Scene(Script(1, 1, 1))

    async def scenario():
        assert len(scene.started) == 3
        assert len(scene.queue.open) == 1

    run(scene, scenario, seconds=1)


def test_a_receive_that_hangs_can_be_seen():
    """Since when the oldest one is open; a poller that waits for permits has none."""
    scene = Scene(Script(10), total=10)

    async def scenario():
        assert scene.source.find_oldest_receive_start() is not None
        await asyncio.sleep(1)
        assert scene.source.find_oldest_receive_start() is None, "all permits are in use"
        scene.finish(10)
        await asyncio.sleep(1)
        since = scene.source.find_oldest_receive_start()
        await asyncio.sleep(5)
        assert scene.source.find_oldest_receive_start() == since

    run(scene, scenario, seconds=0.005)


def test_it_is_open_while_somebody_receives_or_waits():
    """It does not receive before it is opened or after it is stopped."""
    scene = Scene(Script(10), total=10)
    assert not scene.source.is_open

    async def scenario():
        assert scene.source.is_open
        await scene.stop()
        assert not scene.source.is_open

    run(scene, scenario, seconds=1)


def test_a_source_that_broke_is_not_open(logs):
    """An error in starting to process ends the poller, and is logged."""
    scene = Scene(Script(1))

    def broken(_deliveries):
        raise ValueError("a bug")

    source = Source(queue=scene.queue, permits=scene.permits, start=broken, wait_seconds=WAIT, visibility=VISIBILITY)

    async def live():
        source.start_receiving()
        await asyncio.sleep(1)
        assert not source.is_open
        await source.stop_receiving(grace_seconds=0)

    run_turned(live())
    assert [line["event"] for line in logs] == ["poller_broken"]


def test_answers_that_do_not_wait_are_no_hot_loop():
    """With a wait of 0, or a proxy that answers at once, an idle queue is still asked about once a second."""
    scene = Scene(Script(), wait=0)

    async def scenario():
        await asyncio.sleep(60)

    run(scene, scenario)
    assert 50 <= len(scene.queue.asks) <= 70
