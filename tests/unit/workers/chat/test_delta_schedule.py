"""How the deltas of many answers share one process."""

import asyncio
from contextlib import AsyncExitStack, ExitStack

import pytest

from tests.fakes.turned_loop import run_turned
from workers.chat.handler.delta_schedule import DeltaSchedule
from workers.chat.handler.deltas import coalesce_deltas


class SlowScreen:
    """Takes a while for each post, and notes when the post began."""

    def __init__(self, began, name, seconds):
        self._began, self._name, self._seconds = began, name, seconds

    async def admit(self, text):
        del text

    async def post_delta(self, offset, text):
        self._began.append((asyncio.get_running_loop().time(), self._name, offset))
        await asyncio.sleep(self._seconds)


@pytest.mark.parametrize(("streams", "seconds"), [(0, 0.1), (1, 0.1), (50, 0.1), (125, 0.25), (500, 1.0), (1000, 1.0)])
def test_the_interval_grows_with_the_streams(streams, seconds):
    """Five hundred posts a second in all, at least one a second for each answer; a stream that ended does not count."""
    schedule = DeltaSchedule()
    with ExitStack() as stack:
        for _ in range(streams):
            stack.enter_context(schedule.open_stream())
        assert schedule.compute_interval_seconds() == pytest.approx(seconds)
    assert schedule.compute_interval_seconds() == 0.1


@pytest.mark.parametrize(("streams", "seconds"), [(1, 0), (50, 0), (100, 0.1), (500, 0.5), (1000, 0.5)])
def test_words_are_read_together_only_under_load(streams, seconds):
    """While deltas are as frequent as usual, each word is read when it comes; then for half of the time between two."""
    schedule = DeltaSchedule()
    with ExitStack() as stack:
        for _ in range(streams):
            stack.enter_context(schedule.open_stream())
        assert schedule.compute_reading_pause_seconds() == pytest.approx(seconds)


def test_answers_post_as_often_as_the_load_allows():
    """125 answers, each with a word every ten milliseconds, make five hundred posts a second and not 1250."""

    async def stream():
        schedule, began = DeltaSchedule(), []
        words = 0
        async with AsyncExitStack() as stack:
            read = lambda: "x" * words  # noqa: E731 - the text of all answers
            answers = [
                await stack.enter_async_context(coalesce_deltas(read, SlowScreen(began, name, 0), schedule))
                for name in range(125)
            ]
            for _ in range(300):
                words += 1
                for answer in answers:
                    answer.wake()
                await asyncio.sleep(0.01)
        return began

    began = run_turned(stream())
    assert {name for _, name, offset in began if offset == 0} == set(range(125))
    assert 125 * 11 <= len(began) <= 125 * 13


def test_first_deltas_come_before_later_ones():
    """Two posts at once take a second each; an answer that begins overtakes those that wait with later deltas."""

    async def stream():
        schedule, began = DeltaSchedule(concurrent_posts=2), []
        words = 0
        async with AsyncExitStack() as stack:

            async def begin(name):
                screen = SlowScreen(began, name, 1)
                return await stack.enter_async_context(coalesce_deltas(lambda: "x" * words, screen, schedule))

            words = 1
            old = [await begin(name) for name in range(4)]
            for answer in old:
                answer.wake()
            await asyncio.sleep(2.5)
            words = 2
            for answer in old:
                answer.wake()
            await asyncio.sleep(0.1)
            (await begin("new")).wake()
            await asyncio.sleep(3)
        return [(name, offset) for _, name, offset in began]

    order = run_turned(stream())
    assert sorted(order[:4]) == [(name, 0) for name in range(4)]
    assert order[6] == ("new", 0)
    assert {offset for _, offset in order[4:6] + order[7:]} == {1}


def test_a_cancelled_answer_leaves_its_turn_to_others():
    """Whether it waits for the turn, has just been given it, or has it."""

    async def stream():
        schedule, entered = DeltaSchedule(concurrent_posts=1), []

        async def post(name):
            async with schedule.take_turn(is_first=True):
                entered.append(name)
                await asyncio.sleep(1)

        async with schedule.take_turn(is_first=True):
            given, waiting, last = [asyncio.create_task(post(name)) for name in ("given", "waits", "last")]
            await asyncio.sleep(0.5)
            waiting.cancel()
        given.cancel()
        await asyncio.sleep(0.5)
        last.cancel()
        assert entered == ["last"]
        async with asyncio.timeout(1), schedule.take_turn(is_first=False):
            pass

    run_turned(stream())
