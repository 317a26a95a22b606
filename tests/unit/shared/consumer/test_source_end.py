"""The source stops: open receives are cancelled, and the messages that they had received are recovered."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError, TransientError
from tests.fakes.clock import FakeClock
from tests.fakes.memory_queue import MemoryQueue
from tests.fakes.turned_loop import run_turned
from tests.unit.shared.consumer.sources import Forgetful, Scene, Script, run


def test_a_receive_that_ends_within_the_grace_period_counts_as_usual():
    """Within the grace period nothing is cut off, and no receive follows."""
    scene = Scene(Script(4, seconds=0.2, fifo=True), lasts=False)

    async def scenario():
        assert await scene.stop(grace=0.3) == []
        assert len(scene.started) == 4
        await asyncio.sleep(60)
        assert len(scene.queue.asks) == 1

    run(scene, scenario, seconds=0.1)


@pytest.mark.parametrize("fifo", [True, False])
def test_an_open_long_poll_is_cut_off(fifo):
    """Stopping takes the grace period, not the twenty seconds that a poll of an empty queue may last."""
    scene = Scene(Script(fifo=fifo))

    async def scenario():
        loop = asyncio.get_running_loop()
        began = loop.time()
        await scene.stop(grace=0.3)
        assert loop.time() - began < 0.5
        assert scene.queue.open == []
        assert not scene.source.is_open
        assert scene.source.find_oldest_receive_start() is None

    run(scene, scenario, seconds=1)


def test_messages_of_a_cancelled_receive_are_recovered():
    """On a FIFO queue the receive is asked once more, and what comes is handed out, not stranded."""
    queue = MemoryQueue(clock=FakeClock())
    queue.stall("receive", 60)
    for number in range(3):
        queue.send(f"m{number}", group="g")
    scene = Scene(queue)

    async def scenario():
        assert queue.in_flight() == ["m0", "m1", "m2"]
        assert [one.body for one in await scene.stop()] == ["m0", "m1", "m2"]
        assert scene.started == []

    run(scene, scenario, seconds=1)


@pytest.mark.parametrize("after", [0.0, 0.05, 0.15, 0.25], ids="{} s later".format)
def test_messages_of_a_failed_receive_are_recovered(after):
    """Its answer was lost; whether its pause ends within the grace period or not, it is asked for once more."""
    queue = Forgetful(True)
    queue.send("m0", group="g")
    scene = Scene(queue)

    async def scenario():
        while not scene.source.last_error:
            await asyncio.sleep(0.001)
        await asyncio.sleep(after)
        recovered = await scene.stop()
        assert [one.body for one in (*recovered, *scene.started)] == ["m0"]

    run(scene, scenario)


def test_a_receive_that_fails_at_the_end_is_recovered():
    """Also when the failure arrives after the source stopped."""

    class Late(Forgetful):
        async def receive(self, **options):
            found = await super().receive(**{**options, "attempt_id": options["attempt_id"]})
            if len(self.attempts) == 1:
                await asyncio.sleep(0.1)
                raise TransientError("reset")
            return found

    queue = Late()
    queue.send("m0", group="g")
    scene = Scene(queue)

    async def scenario():
        assert [one.body for one in await scene.stop(grace=0.5)] == ["m0"]

    run(scene, scenario, seconds=0.05)


def test_a_standard_queue_recovers_nothing():
    """It can't; its messages become visible again after their time-out."""
    scene = Scene(Script())

    async def scenario():
        assert await scene.stop() == []
        assert len(scene.queue.asks) == 1

    run(scene, scenario, seconds=1)


@pytest.mark.parametrize("error", [TransientError("reset"), PermanentError("aws_403"), ValueError("a bug")])
def test_a_recovery_that_fails_is_left(logs, error):
    """The end goes on; the messages become visible again after their time-out."""
    scene = Scene(Script(fifo=True))

    async def scenario():
        scene.queue.answers = iter([error])
        assert await scene.stop() == []

    run(scene, scenario, seconds=1)
    assert [line["event"] for line in logs] == ["receive_not_recovered"]


def test_a_queue_that_hangs_keeps_the_end_for_a_second():
    """Grace and one try to recover, then it is over."""
    queue = MemoryQueue()
    queue.stall("receive", 3600, times=9)
    queue.send("m0", group="g")
    scene = Scene(queue)

    async def scenario():
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await scene.stop() == []
        assert loop.time() - began < 2

    run(scene, scenario, seconds=1)


def test_who_waits_for_permits_is_sent_away():
    """When all permits are in use, stopping takes no time."""
    scene = Scene(Script(10, fifo=True), total=10)

    async def scenario():
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await scene.stop() == []
        assert loop.time() - began < 0.01
        scene.finish(10)
        await asyncio.sleep(60)
        assert len(scene.queue.asks) == 1

    run(scene, scenario, seconds=1)


@given(
    sent=st.integers(0, 60),
    groups=st.integers(1, 15),
    total=st.integers(1, 35),
    lost=st.lists(st.booleans(), max_size=12),
    stalls=st.lists(st.sampled_from([0.0, 0.01, 0.2, 60.0]), max_size=12),
    stop_at=st.floats(0, 2),
    grace=st.sampled_from([0.0, 0.05, 0.3]),
)
def test_nothing_is_stranded(*, sent, groups, total, lost, stalls, stop_at, grace):
    """Whatever fails, stalls or is cut off: all that is out of a FIFO queue is in our hands, once, within the permits.

    The recovery itself works here; that it may fail is another test's.
    """
    queue = Forgetful(*lost, clock=FakeClock())
    for seconds in stalls:
        queue.stall("receive", seconds)
    for number in range(sent):
        queue.send(f"m{number}", group=f"g{number % groups}")
    scene = Scene(queue, total=total)

    async def live():
        loop = asyncio.get_running_loop()
        scene.source.start_receiving()
        until = loop.time() + stop_at
        while loop.time() < until:
            await asyncio.sleep(0.02)
            scene.finish(len(scene.working) // 2)
            assert scene.permits.free >= 0
            assert scene.permits.free + len(scene.working) <= total
        queue.lost = iter(())
        queue._stalls.clear()
        recovered = await scene.stop(grace=grace)
        found = [one.body for one in (*scene.started, *recovered)]
        assert sorted(found) == sorted(queue.in_flight())

    run_turned(live())
