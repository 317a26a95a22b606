"""How an answer's pieces reach the visitor, and how a stop reaches the answer."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TransientError
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.turned_loop import run_turned
from workers.chat.stream import COALESCE_SECONDS, Coalescer, coalesce, watch_for_stop


class Screen:
    """Shows what is posted as a client does: the answer from `offset` on is this text."""

    def __init__(self):
        self.text = ""
        self.posts = []

    async def post(self, offset, text):
        assert offset <= len(self.text)
        self.text = self.text[:offset] + text
        self.posts.append(text)


@given(st.lists(st.text(max_size=5) | st.none(), max_size=20))
async def test_the_offsets_put_the_answer_together(pieces):
    """However pieces and posts fall; an offset counts characters, not bytes."""
    screen = Screen()
    coalescer = Coalescer(screen.post)
    for piece in pieces:
        if piece is None:
            await coalescer.flush()
        else:
            coalescer.add(piece)
    await coalescer.flush()

    assert screen.text == "".join(piece for piece in pieces if piece)
    assert "" not in screen.posts


def test_the_first_piece_goes_out_at_once_and_those_behind_it_together():
    """The visitor sees the answer begin; then about ten posts a second, however fast the model is."""

    async def stream():
        screen = Screen()
        async with coalesce(screen.post) as deltas:
            deltas.add("a")
            await asyncio.sleep(0.01)
            assert screen.posts == ["a"]
            for character in "bcdefgh":
                deltas.add(character)
                await asyncio.sleep(0)
            assert screen.posts == ["a"]
            await asyncio.sleep(COALESCE_SECONDS * 1.5)
            assert screen.posts == ["a", "bcdefgh"]

    run_turned(stream())


def test_nothing_is_posted_after_the_end():
    """What still waits is dropped: the final frame says it all, and nothing may overtake it."""

    async def stream():
        screen = Screen()
        async with coalesce(screen.post) as deltas:
            deltas.add("a")
            await asyncio.sleep(0.01)
            deltas.add("b")

        await asyncio.sleep(COALESCE_SECONDS * 1.2)
        assert screen.posts == ["a"]

    run_turned(stream())


async def test_an_answer_that_fails_takes_its_posts_with_it():
    """The failure is the body's own, and no task is left behind."""
    before = asyncio.all_tasks()
    with pytest.raises(TransientError, match="busy"):
        async with coalesce(Screen().post):
            raise TransientError("busy")

    assert asyncio.all_tasks() == before


def test_a_stop_that_was_asked_for_before_is_seen_at_once():
    """The first look comes without a wait."""

    async def asked():
        return True

    async def stream():
        began = asyncio.get_running_loop().time()
        async with watch_for_stop(asked) as stopped:
            await stopped.wait()
        assert asyncio.get_running_loop().time() == began

    run_turned(stream())


async def test_a_stop_is_looked_for_again_and_again():
    """Also after a look that failed: the visitor asked once and need not ask twice."""
    answers = [False, TransientError("throttled"), False, True]

    async def asked():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with watch_for_stop(asked, every_seconds=0.01) as stopped:
        await asyncio.wait_for(stopped.wait(), DEADLINE_SECONDS)

    assert answers == []


async def test_nobody_looks_after_the_end():
    """The watch ends with the answer, in the middle of a look too."""
    before = asyncio.all_tasks()
    looking = asyncio.Event()

    async def asked():
        looking.set()
        await asyncio.Event().wait()

    async with watch_for_stop(asked) as stopped:
        await looking.wait()

    assert not stopped.is_set()
    assert asyncio.all_tasks() == before
