"""How the pieces of an answer are posted, and how a stop ends the answer."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TransientError
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.screen import Screen
from tests.fakes.turned_loop import run_turned
from workers.chat.handler.delta_schedule import COALESCE_SECONDS, DeltaSchedule
from workers.chat.handler.deltas import Coalescer, coalesce_deltas
from workers.chat.handler.stopping import iterate_until, watch_for_stop


class Growing:
    """A text that grows, and the coalescer that posts it to a screen."""

    def __init__(self, screen, schedule=None):
        self.text = ""
        self._screen = screen
        self._schedule = schedule or DeltaSchedule()

    def read(self):
        return self.text

    def coalesce(self):
        return coalesce_deltas(self.read, self._screen, self._schedule)

    def add(self, deltas, piece):
        self.text += piece
        deltas.wake()


@given(st.lists(st.text(max_size=5) | st.none(), max_size=20))
async def test_the_posted_pieces_join_to_the_answer(pieces):
    """However pieces and posts fall; an offset counts characters, not bytes."""
    screen, text = Screen(), ""
    coalescer = Coalescer(lambda: text, screen, DeltaSchedule())
    for piece in pieces:
        text += piece or ""
        if piece is None:
            await coalescer.flush()
    await coalescer.flush()

    assert screen.text == text
    assert "" not in screen.posts


async def test_a_text_that_starts_again_replaces_the_former_one():
    """From the first character that differs; a text that was cleared is left until there is another one."""
    screen, text = Screen(), "Half an answer"
    coalescer = Coalescer(lambda: text, screen, DeltaSchedule())
    for now in ("Half an answer", "", "Half a pound", "Half a"):
        text = now
        await coalescer.flush()
        assert screen.text == (text or "Half an answer")

    assert screen.posts == ["Half an answer", " pound", ""]


def test_the_first_piece_is_posted_at_once_and_later_ones_are_joined():
    """Then about ten posts a second, however fast the model is."""

    async def stream():
        screen = Screen()
        growing = Growing(screen)
        async with growing.coalesce() as deltas:
            growing.add(deltas, "a")
            await asyncio.sleep(0.01)
            assert screen.posts == ["a"]
            for character in "bcdefgh":
                growing.add(deltas, character)
                await asyncio.sleep(0)
            assert screen.posts == ["a"]
            await asyncio.sleep(COALESCE_SECONDS * 1.5)
            assert screen.posts == ["a", "bcdefgh"]

    run_turned(stream())


def test_nothing_is_posted_after_the_end():
    """Queued pieces are dropped: the final frame has the whole text, and no delta may follow it."""

    async def stream():
        screen = Screen()
        growing = Growing(screen)
        async with growing.coalesce() as deltas:
            growing.add(deltas, "a")
            await asyncio.sleep(0.01)
            growing.add(deltas, "b")

        await asyncio.sleep(COALESCE_SECONDS * 1.2)
        assert screen.posts == ["a"]

    run_turned(stream())


async def test_an_answer_that_fails_ends_its_posts():
    """The body's own error is raised, and no task is left running."""
    before = asyncio.all_tasks()
    with pytest.raises(TransientError, match="busy"):
        async with Growing(Screen()).coalesce():
            raise TransientError("busy")

    assert asyncio.all_tasks() == before


def test_an_earlier_stop_request_is_noticed_at_once():
    """The first check comes without a delay."""

    async def asked():
        return True

    async def stream():
        began = asyncio.get_running_loop().time()
        async with watch_for_stop(asked) as stopped:
            await stopped.wait()
        assert asyncio.get_running_loop().time() == began

    run_turned(stream())


async def test_a_stop_is_checked_repeatedly():
    """Also after a check that failed: the visitor need not ask twice."""
    answers = [False, TransientError("throttled"), False, True]

    async def asked():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with watch_for_stop(asked, every_seconds=0.01) as stopped:
        await asyncio.wait_for(stopped.wait(), DEADLINE_SECONDS)

    assert answers == []


async def test_no_check_runs_after_the_end():
    """The watch ends with the answer, even during a check."""
    before = asyncio.all_tasks()
    looking = asyncio.Event()

    async def asked():
        looking.set()
        await asyncio.Event().wait()

    async with watch_for_stop(asked) as stopped:
        await looking.wait()

    assert not stopped.is_set()
    assert asyncio.all_tasks() == before


async def tick(read):
    """Yield each second of the loop's time, and note when it was asked for the next one."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        read.append(round(loop.time() - began, 3))
        yield read[-1]


def test_nothing_is_read_in_a_pause_and_a_stop_ends_it():
    """After an event that asks for a pause; a visitor who stops the answer does not wait for its end."""

    async def stream():
        stopped, read, loop = asyncio.Event(), [], asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(5, stopped.set)
        pauses = iter([0, 2, 2, 600])
        async for _ in iterate_until(stopped, tick(read), pause_after=lambda _: next(pauses)):
            pass
        assert read == [0, 0, 2, 4]
        assert loop.time() - began == 5

    run_turned(stream())
