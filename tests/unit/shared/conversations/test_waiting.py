"""Visitors who hear nothing are told that their command is carried out, whatever can be read."""

import asyncio
from datetime import timedelta

import pytest

from shared.conversations.ports import Connection
from shared.conversations.waiting import WaitingVisitors
from shared.messages.commands import BookingRemind, ChatSend
from shared.messages.server import ChatDelta, ChatDeltaData, ChatSent, ChatSentData, Error, Typing
from tests.fakes.clock import NOON
from tests.fakes.connections import FakePoster
from tests.fakes.turned_loop import run_turned

DELTA = ChatDelta(re="a1", data=ChatDeltaData(offset=0, text="Hello"))
SENT = ChatSent(re="a1", data=ChatSentData(text="How?"))


def build_command(capabilities=("progress",), **fields):
    envelope = {"id": "key", "tenant": "salon", "session_id": "session", "client_id": "a1", "connection_id": "own"}
    return ChatSend.model_validate(
        {**envelope, "accepted_at": NOON, "locale": "en", "capabilities": capabilities, "data": {"text": "How?"}}
        | fields
    )


class Watched:
    """One command, watched by one process; its frames come at these seconds of the attempt."""

    def __init__(self):
        self.poster = FakePoster()
        self.waiting = WaitingVisitors(self.poster)

    async def attempt(self, seconds, command=None, *, waited=0.0, frames=(), error=None):
        """Return when the frames came over each connection."""
        loop, heard = asyncio.get_running_loop(), {}
        began, post = loop.time(), self.poster.post

        async def note(connection_id, text):
            heard.setdefault(connection_id, []).append(round(loop.time() - began, 3))
            return await post(connection_id, text)

        self.poster.post = note
        for at, frame in frames:
            loop.call_later(at, self.waiting.note_frame, "session", frame)
        try:
            async with self.waiting.watch(
                command or build_command(), waited=timedelta(seconds=waited), first_after=timedelta(seconds=4)
            ):
                await asyncio.sleep(seconds)
                if error:
                    raise error
        except ConnectionError:
            pass
        assert len(asyncio.all_tasks()) == 1
        self.poster.post = post
        return heard


def report(seconds, command=None, **options):
    return run_turned(Watched().attempt(seconds, command, **options))


def test_reads_are_not_needed():
    """The command names its connection, and that its client knows the frame."""
    assert report(30) == {"own": [4, 14, 24]}
    assert report(3.9) == {}


@pytest.mark.parametrize(
    "command",
    [
        build_command(capabilities=()),
        build_command(capabilities=("challenge",)),
        build_command(replay=1),
        BookingRemind.model_validate(
            {"id": "key", "tenant": "salon", "session_id": "session", "accepted_at": NOON, "locale": "en"}
            | {"data": {"appointment_id": "0" * 32, "start": NOON, "hours_before": 2}}
        ),
    ],
)
def test_who_does_not_wait_or_understand_gets_nothing(command):
    """A client that does not name the frame, a replay, an internal command."""
    assert report(30, command) == {}


def test_a_command_that_has_waited_is_reported_at_once():
    """Also if its attempt fails at once, which posts what is due before it ends."""
    assert report(5, waited=4.5) == {"own": [0]}
    assert report(0, waited=60, error=ConnectionError()) == {"own": [0]}
    assert report(5, waited=-60) == {"own": [4]}  # clocks differ


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([(3, Typing(re="a1")), (3, SENT)], [4, 14]),
        ([(3, DELTA), (6, DELTA)], [10]),
        ([(3, Typing(re="other"))], [4, 14]),
        ([(3, DELTA.model_copy(update={"re": "other"}))], [4, 14]),
    ],
)
def test_words_begin_the_time_again(frames, expected):
    """A receipt is none, and neither is a frame about another command."""
    assert report(16, frames=frames) == {"own": expected}


def test_nothing_follows_the_answer():
    """Whatever the attempt does afterwards."""
    refusal = Error.model_validate({"re": "a1", "data": {"code": "TIMEOUT", "retryable": True, "message": "Later."}})
    assert report(30, frames=[(2, refusal)]) == {}


def test_the_next_attempt_continues_the_time():
    """It is said once in ten seconds, however often the command is received."""

    async def run():
        watched = Watched()
        first = await watched.attempt(5, error=ConnectionError())
        again = await watched.attempt(1, waited=7, error=ConnectionError())
        await asyncio.sleep(3)
        return first, again, await watched.attempt(12, waited=11)

    # Seven seconds after the first: three later the next is due.
    assert run_turned(run()) == ({"own": [4]}, {}, {"own": [5]})


def test_connections_that_were_read_get_it_as_well():
    """Those of clients that know the frame; one that is gone gets nothing more."""

    async def run():
        watched = Watched()
        able, old = Connection("able", NOON, None, capabilities=frozenset(["progress"])), Connection("old", NOON, None)
        watched.poster.gone.add("own")
        asyncio.get_running_loop().call_later(6, watched.waiting.note_connections, "session", [able, old])
        return await watched.attempt(20)

    assert run_turned(run()) == {"own": [4], "able": [14]}


def test_a_release_before_is_reported_once_somebody_is_known():
    """Its command says nothing of its client."""

    async def run():
        watched = Watched()
        able = Connection("able", NOON, None, capabilities=frozenset(["progress"]))
        asyncio.get_running_loop().call_later(6, watched.waiting.note_connections, "session", [able])
        return await watched.attempt(20, build_command(capabilities=()))

    assert run_turned(run()) == {"able": [6, 16]}


def test_a_post_that_fails_costs_nothing():
    """Neither the attempt nor the next report."""

    async def run():
        watched = Watched()

        async def fail(_connection_id, _text):
            raise KeyError("a bug")

        watched.poster.post = fail
        return await watched.attempt(20)

    assert run_turned(run()) == {"own": [4, 14]}
