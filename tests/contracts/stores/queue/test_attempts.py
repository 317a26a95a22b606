"""Receives that are asked for once more by their attempt id, because their answer may have got lost."""

import pytest

from tests.contracts.stores.queue.queues import SIDES, bodies, take

# MiniStack takes the attempt id and does nothing with it.
REMEMBERS_ATTEMPTS = [where for where in SIDES if "ministack" not in where]


@pytest.mark.parametrize("where", REMEMBERS_ATTEMPTS)
async def test_a_repeated_receive_returns_the_same_messages(make, where):
    """By its attempt id, under receipts that settle them; another id gets others."""
    side = make(where, fifo=True)
    for number in range(4):
        side.send(f"m{number}", f"g{number}")
    first = await take(side, 2, attempt="one")
    again = await take(side, 2, attempt="one")
    assert bodies(again) == bodies(first)
    assert [one.receive_count for one in again] == [1, 1]
    assert not {*bodies(await take(side, 2, attempt="two"))} & {*bodies(first)}
    assert await side.queue.delete(again) == []
    assert await take(side, attempt="three") == []


@pytest.mark.parametrize("where", REMEMBERS_ATTEMPTS)
async def test_a_repeated_receive_returns_nothing_that_was_settled(make, where):
    """Once any of them was deleted or handed back, the attempt is over."""
    side = make(where, fifo=True)
    for number in range(2):
        side.send(f"m{number}", f"g{number}")
    first = await take(side, attempt="one")
    await side.queue.delete(first[:1])
    assert await take(side, attempt="one") == []


@pytest.mark.parametrize("where", REMEMBERS_ATTEMPTS)
async def test_an_attempt_that_took_nothing_may_take_later(make, where):
    """A repeated receive that found nothing the first time is a receive like any other."""
    side = make(where, fifo=True)
    assert await take(side, attempt="one") == []
    side.send("a1", "a")
    assert bodies(await take(side, attempt="one")) == ["a1"]
