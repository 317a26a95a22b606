"""Counters of rate limits: all or nothing, exact while many write at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api_gateway_ws.limits.ports import RateRow, Use
from shared.ids import new_id

EXPIRES = 4_000_000_000


@pytest.fixture
def row():
    return RateRow(f"rate#session#{new_id()}", 29_470_080)


@pytest.fixture
def count(stores, row):
    """Return what counts amounts in the row, each written as `name=amount/limit`."""

    def count(*uses, at=row):
        parsed = [Use(name, *map(int, numbers.split("/"))) for name, _, numbers in (use.partition("=") for use in uses)]
        return stores.rate_counters.count(at, parsed, expires_at=EXPIRES)

    return count


async def test_a_counter_is_counted_up_to_its_limit(count):
    """The first refusal says how much was counted."""
    assert [count("chats=1/2"), count("chats=1/2")] == [None, None]
    assert count("chats=1/2") == {"chats": 2}
    assert count("chats=1/3") is None


async def test_all_counters_of_a_row_have_room_or_none_is_counted(count):
    """A frame counts as a frame, as one of its kind, and in a shorter window each."""
    assert count("frames=1/5", "frames_0=1/2", "chats=2/9") is None
    assert count("frames=1/5", "frames_0=2/2", "stops=1/9") == {"frames": 1, "frames_0": 1, "chats": 2}
    assert count("frames=1/5", "frames_0=1/2", "chats=2/9") is None
    assert count("frames=9/9") == {"frames": 2, "frames_0": 2, "chats": 4}


async def test_more_than_the_limit_is_never_counted(count):
    """Not even as the first of a row."""
    assert count("leased=11/10", "other=1/10") is not None
    assert count("leased=10/10") is None
    assert count("leased=1/10")["leased"] == 10


async def test_windows_and_rows_are_separate(count, row):
    """The next minute begins with nothing; so does another session."""
    assert count("chats=1/1") is None
    assert count("chats=1/1", at=RateRow(row.key, row.window + 1)) is None
    assert count("chats=1/1", at=RateRow(row.key + "0", row.window)) is None
    assert count("chats=1/1") == {"chats": 1}


async def test_what_is_released_can_be_counted_again(count, stores, row):
    """A counter never falls below zero."""
    for _ in range(2):
        stores.rate_counters.release(row, "open")
    assert [count("open=1/2") is None for _ in range(3)] == [True, True, False]
    stores.rate_counters.release(row, "open")
    assert [count("open=1/2") is None for _ in range(2)] == [True, False]


async def test_many_who_count_at_once_do_not_exceed_the_limit(count):
    """Forty ask for ten places, on eight threads."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: count("leased=1/10"), range(40)))
    assert answers.count(None) == 10
