"""The source: what becomes of receives that fail."""

import asyncio
import itertools
from types import SimpleNamespace

import pytest

from shared.consumer import source as source_module
from shared.errors import PermanentError, TransientError
from tests.fakes.turned_loop import run_turned
from tests.unit.shared.consumer.sources import Forgetful, Scene, Script, run


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

    async def scenario():
        assert len(scene.working) == 10
        assert scene.permits.free == 0
        scene.finish(2)
        await asyncio.sleep(1)
        assert len(scene.working) == 8 + 10 + 2
        assert scene.permits.free == 0
        repeated = queue.attempts[1]
        asked = zip(queue.attempts, queue.asked, strict=True)
        assert [max_messages for attempt, max_messages in asked if attempt == repeated] == [10, 10]

    run(scene, scenario, seconds=0.09)


def test_a_standard_queue_keeps_no_permits_of_a_failed_receive():
    """It remembers no attempts, so a receive cannot be repeated for the same messages."""
    scene = Scene(Script(TransientError("reset"), PermanentError("aws_403"), seconds=0), total=10)

    async def scenario():
        assert scene.permits.free == 10
        await asyncio.sleep(5)
        assert {ask.attempt for ask in scene.queue.asks} == {None}
        assert [ask.max_messages for ask in scene.queue.asks] == [10, 10, 10]

    run(scene, scenario, seconds=0.01)


def test_an_attempt_that_is_too_old_is_given_up(monkeypatch):
    """SQS forgets it after five minutes; a new one begins before that."""
    # Every pause is at least 2.5 s in the end, so the errors last for the whole 900 s.
    scene = Scene(Script(*[TransientError("down")] * 400, fifo=True))

    async def live():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(source_module, "time", SimpleNamespace(monotonic=loop.time))
        scene.source.start_receiving()
        await asyncio.sleep(900)
        await scene.stop()

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
        max_pause = min(0.2 * 2**number, 5.0)
        assert max_pause / 2 <= gap <= max_pause + 0.05
    assert gaps[13] <= 0.25


@pytest.mark.parametrize(
    ("error", "reported"),
    [
        (TransientError("reset"), "TransientError: reset"),
        (PermanentError("aws_403"), "PermanentError: aws_403"),
        (ValueError("what a library says"), "ValueError"),
    ],
)
@pytest.mark.parametrize("fifo", [True, False])
def test_no_failure_ends_the_source(logs, error, reported, fifo):
    """Whatever a receive raises is logged and reported, a library's by its name alone, until a receive works again."""
    scene = Scene(Script(error, 1, fifo=fifo))

    async def scenario():
        await asyncio.sleep(0.05)
        assert scene.source.last_error == reported
        assert scene.source.is_open
        await asyncio.sleep(5)
        assert scene.source.last_error is None
        assert len(scene.started) == 1

    run(scene, scenario)
    assert [line["event"] for line in logs] == ["receive_failed"]
