"""The source: what becomes of receives that fail, and of those that are open at the end."""

import asyncio
import itertools
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.consumer import source as source_module
from shared.errors import PermanentError, TransientError
from tests.fakes.clock import FakeClock
from tests.fakes.memory_queue import MemoryQueue
from tests.fakes.turned_loop import run_turned
from tests.unit.shared.consumer.sources import Scene, Script, run


class Forgetful(MemoryQueue):
    """Takes messages, and loses the answers that it was told to lose."""

    def __init__(self, *lost, **options):
        super().__init__(**options)
        self.lost = iter(lost)
        self.attempts = []
        self.asked = []

    async def receive(self, *, max_messages, attempt_id=None, **options):
        self.attempts.append(attempt_id)
        self.asked.append(max_messages)
        found = await super().receive(max_messages=max_messages, attempt_id=attempt_id, **options)
        if next(self.lost, False):
            raise TransientError("reset")
        return found


def test_a_lost_answer_is_asked_for_again():
    """On a FIFO queue by the same attempt id, so that what it carried is here long before its time-out ends."""
    queue = Forgetful(True, True)
    for number in range(12):
        queue.send(f"m{number}", group=f"g{number % 3}")
    scene = Scene(queue)
    run(scene, None, seconds=1)
    assert [one.body for one in scene.started[:10]] == [f"m{number}" for number in range(10)]
    assert {one.receive_count for one in scene.started} == {1}
    assert queue.attempts[0] == queue.attempts[1] == queue.attempts[2]
    assert len({*queue.attempts[2:4]}) == 2, "a receive that worked is over"


def test_a_receive_is_repeated_with_all_its_permits():
    """What it took may be ten messages; with fewer permits some would be more than can be worked on."""
    queue = Forgetful(False, True)
    for number in range(40):
        queue.send(f"m{number}", group=f"g{number}")
    scene = Scene(queue, total=20)

    async def story():
        assert len(scene.working) == 10
        assert scene.permits.free == 0
        scene.finish(2)
        await asyncio.sleep(1)
        assert len(scene.working) == 8 + 10 + 2
        assert scene.permits.free == 0
        repeated = queue.attempts[1]
        asked = zip(queue.attempts, queue.asked, strict=True)
        assert [most for attempt, most in asked if attempt == repeated] == [10, 10]

    run(scene, story, seconds=0.09)


def test_a_standard_queue_keeps_no_permits_of_a_failed_receive():
    """It remembers no attempts, so nobody can ask again for what was taken."""
    scene = Scene(Script(TransientError("reset"), PermanentError("aws_403"), seconds=0), total=10)

    async def story():
        assert scene.permits.free == 10
        await asyncio.sleep(5)
        assert {ask.attempt for ask in scene.queue.asks} == {None}
        assert [ask.most for ask in scene.queue.asks] == [10, 10, 10]

    run(scene, story, seconds=0.01)


def test_an_attempt_that_is_too_old_is_given_up(monkeypatch):
    """SQS forgets it after five minutes; a new one begins before that."""
    scene = Scene(Script(*[TransientError("down")] * 200, fifo=True))

    async def live():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(source_module, "time", SimpleNamespace(monotonic=loop.time))
        scene.source.open()
        await asyncio.sleep(900)
        await scene.quiet()

    run_turned(live())
    attempts = itertools.groupby(scene.queue.asks, key=lambda ask: ask.attempt)
    spans = [[ask.at for ask in asks] for _, asks in attempts]
    assert len(spans) >= 3
    assert all(220 < span[-1] - span[0] < 300 for span in spans[:3])


def test_the_pause_grows_and_is_bounded():
    """From a blink to five seconds, half of it chance, and short again after a success."""
    scene = Scene(Script(*[TransientError("down")] * 12, 1, TransientError("down"), seconds=0), total=10)
    run(scene, None, seconds=100)
    gaps = [later.at - ask.at for ask, later in itertools.pairwise(scene.queue.asks)]
    for number, gap in enumerate(gaps[:12]):
        longest = min(0.2 * 2**number, 5.0)
        assert longest / 2 <= gap <= longest + 0.05
    assert gaps[13] <= 0.25


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (TransientError("reset"), "TransientError: reset"),
        (PermanentError("aws_403"), "PermanentError: aws_403"),
        (ValueError("what a library says"), "ValueError"),
    ],
)
@pytest.mark.parametrize("fifo", [True, False])
def test_no_failure_ends_the_source(logs, error, shown, fifo):
    """Whatever a receive raises is logged and shown, a library's by its name alone, until one works again."""
    scene = Scene(Script(error, 1, fifo=fifo))

    async def story():
        await asyncio.sleep(0.05)
        assert scene.source.last_error == shown
        assert scene.source.is_open
        await asyncio.sleep(5)
        assert scene.source.last_error is None
        assert len(scene.started) == 1

    run(scene, story)
    assert [line["event"] for line in logs] == ["receive_failed"]


def test_a_receive_that_comes_home_in_time_is_taken_as_it_is():
    """Within the grace period nothing is cut off, and no receive follows."""
    scene = Scene(Script(4, seconds=0.2, fifo=True), lasts=False)

    async def story():
        assert await scene.quiet(grace=0.3) == []
        assert len(scene.started) == 4
        await asyncio.sleep(60)
        assert len(scene.queue.asks) == 1

    run(scene, story, seconds=0.1)


@pytest.mark.parametrize("fifo", [True, False])
def test_an_open_long_poll_is_cut_off(fifo):
    """Going quiet takes the grace period, not the twenty seconds that a poll of an empty queue may last."""
    scene = Scene(Script(fifo=fifo))

    async def story():
        loop = asyncio.get_running_loop()
        began = loop.time()
        await scene.quiet(grace=0.3)
        assert loop.time() - began < 0.5
        assert scene.queue.open == []
        assert not scene.source.is_open
        assert scene.source.receiving_since() is None

    run(scene, story, seconds=1)


def test_what_a_cut_off_receive_had_taken_is_recovered():
    """On a FIFO queue the receive is asked once more, and what comes is handed out, not stranded."""
    queue = MemoryQueue(clock=FakeClock())
    queue.stall("receive", 60)
    for number in range(3):
        queue.send(f"m{number}", group="g")
    scene = Scene(queue)

    async def story():
        assert queue.in_flight() == ["m0", "m1", "m2"]
        assert [one.body for one in await scene.quiet()] == ["m0", "m1", "m2"]
        assert scene.started == []

    run(scene, story, seconds=1)


@pytest.mark.parametrize("after", [0.0, 0.05, 0.15, 0.25], ids="{} s later".format)
def test_what_a_failed_receive_had_taken_is_recovered(after):
    """Its answer was lost; whether its pause ends within the grace period or not, it is asked for once more."""
    queue = Forgetful(True)
    queue.send("m0", group="g")
    scene = Scene(queue)

    async def story():
        while not scene.source.last_error:
            await asyncio.sleep(0.001)
        await asyncio.sleep(after)
        recovered = await scene.quiet()
        assert [one.body for one in (*recovered, *scene.started)] == ["m0"]

    run(scene, story)


def test_a_receive_that_fails_at_the_end_is_recovered():
    """Also when its failure is heard after the source went quiet."""

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

    async def story():
        assert [one.body for one in await scene.quiet(grace=0.5)] == ["m0"]

    run(scene, story, seconds=0.05)


def test_a_standard_queue_recovers_nothing():
    """It can't; what it had taken shows again after its time-out."""
    scene = Scene(Script())

    async def story():
        assert await scene.quiet() == []
        assert len(scene.queue.asks) == 1

    run(scene, story, seconds=1)


@pytest.mark.parametrize("error", [TransientError("reset"), PermanentError("aws_403"), ValueError("a bug")])
def test_a_recovery_that_fails_is_left(logs, error):
    """The end goes on; what was taken shows again after its time-out."""
    scene = Scene(Script(fifo=True))

    async def story():
        scene.queue.answers = iter([error])
        assert await scene.quiet() == []

    run(scene, story, seconds=1)
    assert [line["event"] for line in logs] == ["receive_not_recovered"]


def test_a_queue_that_hangs_keeps_the_end_for_a_second():
    """Grace and one try to recover, then it is over."""
    queue = MemoryQueue()
    queue.stall("receive", 3600, times=9)
    queue.send("m0", group="g")
    scene = Scene(queue)

    async def story():
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await scene.quiet() == []
        assert loop.time() - began < 2

    run(scene, story, seconds=1)


def test_who_waits_for_permits_is_sent_away():
    """When all permits are in use, going quiet takes no time."""
    scene = Scene(Script(10, fifo=True), total=10)

    async def story():
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await scene.quiet() == []
        assert loop.time() - began < 0.01
        scene.finish(10)
        await asyncio.sleep(60)
        assert len(scene.queue.asks) == 1

    run(scene, story, seconds=1)


@settings(max_examples=60, deadline=None)
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
        scene.source.open()
        until = loop.time() + stop_at
        while loop.time() < until:
            await asyncio.sleep(0.02)
            scene.finish(len(scene.working) // 2)
            assert scene.permits.free >= 0
            assert scene.permits.free + len(scene.working) <= total
        queue.lost = iter(())
        queue._stalls.clear()
        recovered = await scene.quiet(grace=grace)
        found = [one.body for one in (*scene.started, *recovered)]
        assert sorted(found) == sorted(queue.in_flight())

    run_turned(live())
