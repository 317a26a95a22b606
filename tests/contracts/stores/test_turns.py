"""Lines that move at an even pace, in memory and in the table that all workers share."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import PermanentError
from shared.ids import new_id
from tests.fakes.turns import FakeTurns
from workers.notifications.adapters.turns import DynamoTurns

SECOND = timedelta(seconds=1)
BURST = 10 * SECOND


@pytest.fixture(params=["memory", "dynamodb"])
def new_turns(request):
    """Return what opens lines of a pace; those in the table are shared by all who open them."""
    client = request.getfixturevalue("dynamodb") if request.param == "dynamodb" else None

    def opened(per_minute=60, longest_wait=timedelta(hours=1)):
        if client is None:
            return FakeTurns(per_minute=per_minute, longest_wait=longest_wait)
        return DynamoTurns(client=client, table="LimitsTable", per_minute=per_minute, longest_wait=longest_wait)

    return opened


@pytest.fixture
def line():
    return new_id()


async def test_a_burst_goes_at_once_and_the_rest_one_by_one(new_turns, line, clock):
    """Sixty a minute: eleven now, then one a second."""
    turns, now = new_turns(), clock.now()
    given = [await turns.turn(line, f"{line}-{number}", now=now) for number in range(15)]

    assert given[:11] == [now] * 11
    assert given[11:] == [now + number * SECOND for number in range(1, 5)]


async def test_who_has_a_place_keeps_it(new_turns, line, clock):
    """However often they ask, and nobody else waits for it."""
    turns, now = new_turns(per_minute=1), clock.now()
    await turns.turn(line, f"{line}-first", now=now)
    place = await turns.turn(line, f"{line}-second", now=now)
    assert place == now + 50 * SECOND
    for asked in (now, now + SECOND, place, place + BURST):
        assert await turns.turn(line, f"{line}-second", now=asked) == place
    assert await turns.turn(line, f"{line}-third", now=now) == place + 60 * SECOND


async def test_lines_do_not_wait_for_each_other(new_turns, line, clock):
    """One that floods holds up nobody."""
    turns, now = new_turns(per_minute=1), clock.now()
    for number in range(5):
        await turns.turn(line, f"{line}-{number}", now=now)

    assert await turns.turn(new_id(), new_id(), now=now) == now


async def test_a_line_that_was_idle_owes_nothing_and_saves_nothing(new_turns, line, clock):
    """After an hour's rest a burst goes, and no more."""
    turns, now = new_turns(), clock.now()
    for number in range(15):
        await turns.turn(line, f"{line}-{number}", now=now)
    later = now + timedelta(hours=1)
    given = [await turns.turn(line, f"{line}-later-{number}", now=later) for number in range(12)]

    assert given == [later] * 11 + [later + SECOND]


async def test_a_line_has_an_end(new_turns, line, clock):
    """Who would wait for longer is sent away, and makes it no longer."""
    turns, now = new_turns(per_minute=1, longest_wait=timedelta(minutes=2)), clock.now()
    given = [await turns.turn(line, f"{line}-{number}", now=now) for number in range(3)]
    for _ in range(3):
        with pytest.raises(PermanentError) as caught:
            await turns.turn(line, new_id(), now=now)
        assert caught.value.reason == "line_too_long"

    assert given == [now, now + 50 * SECOND, now + 110 * SECOND]
    assert await turns.turn(line, new_id(), now=now + 60 * SECOND) == now + 170 * SECOND


async def test_forty_at_once_get_forty_places(new_turns, line, clock):
    """However many workers ask at the same moment, two never share one."""
    turns, now = new_turns(), clock.now()
    given = await asyncio.gather(*(turns.turn(line, f"{line}-{number}", now=now) for number in range(40)))

    waiting = sorted(turn for turn in given if turn > now)
    assert len(waiting) == 40 - 11
    assert waiting == [now + number * SECOND for number in range(1, 30)]
