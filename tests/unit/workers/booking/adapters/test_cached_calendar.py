"""What the cache of busy times may answer, and when it is invalidated."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.errors import TransientError
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from workers.booking.adapters.cached_calendar import MAX_AGE, CachedCalendar
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MORNING = Interval(NINE - HOUR, NINE + 3 * HOUR)
EVENT = CalendarEvent(
    event_id=build_event_id("0123456789"),
    appointment_id="0123456789",
    version=2,
    start=NINE,
    end=NINE + HOUR,
    time_zone="Europe/Warsaw",
    summary="Masaż",
    description="",
)


class SlowCalendar(FakeCalendar):
    """A calendar that reads when it is called and answers when the test lets it."""

    def __init__(self):
        super().__init__()
        self.read = []
        """The intervals that were asked for."""
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def find_busy_times(self, calendar_id, between, *, zone=None, fresh=False):
        self.read.append(between)
        times = await super().find_busy_times(calendar_id, between, zone=zone, fresh=fresh)
        await self.may_answer.wait()
        return times

    async def put(self, calendar_id, event, **options):
        await asyncio.sleep(0)
        await self.may_write.wait()
        await super().put(calendar_id, event, **options)


@pytest.fixture
def clock():
    return FakeClock(NINE)


@pytest.fixture
def google():
    return SlowCalendar()


@pytest.fixture
def calendar(google, clock):
    return CachedCalendar(google, clock)


async def spans(calendar, between=MORNING, **how):
    return [busy.interval for busy in await calendar.find_busy_times("calendar", between, **how)]


async def let_tasks_run():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_busy_times_are_read_once_in_half_a_minute(google, calendar, clock):
    """The answer also covers a nearby day; after half a minute they are read again."""
    assert await spans(calendar) == []
    assert timedelta(seconds=30) == MAX_AGE
    google.block(MORNING)
    clock.advance(MAX_AGE - timedelta(seconds=1))
    assert await spans(calendar, Interval(NINE + 2 * HOUR, NINE + 10 * HOUR)) == []
    assert google.calls == ["find_busy_times"]
    clock.advance(timedelta(seconds=1))
    assert await spans(calendar) == [MORNING]
    assert google.calls == ["find_busy_times", "find_busy_times"]


async def test_a_fresh_request_reads_the_calendar(google, calendar):
    """The cache does not matter."""
    await spans(calendar)
    google.block(MORNING)
    assert await spans(calendar, fresh=True) == [MORNING]
    assert google.fresh_reads == [False, True]


async def test_a_fresh_answer_that_differs_invalidates_the_cache(google, calendar):
    """The owner has filled the whole morning: a visitor who is refused one hour of it is not offered the next one."""
    await spans(calendar)
    await spans(calendar, Interval(NINE, NINE + HOUR), fresh=True)
    await spans(calendar)
    assert google.fresh_reads == [False, True]
    google.block(MORNING)
    assert await spans(calendar, Interval(NINE, NINE + HOUR), fresh=True) == [MORNING]
    assert await spans(calendar, Interval(NINE + HOUR, NINE + 2 * HOUR)) == [MORNING]


async def test_a_time_outside_the_cached_interval_is_read(google, calendar):
    """An answer for this week does not cover the next one."""
    await spans(calendar)
    google.block(Interval(MORNING.start + 7 * DAY, MORNING.end + 7 * DAY))
    assert len(await spans(calendar, Interval(MORNING.start + 7 * DAY, MORNING.end + 7 * DAY))) == 1


async def test_concurrent_requests_share_one_lookup(google, calendar):
    """The others wait for its answer."""
    google.may_answer.clear()
    asking = [asyncio.create_task(spans(calendar)) for _ in range(20)]
    await let_tasks_run()
    google.may_answer.set()
    assert await asyncio.gather(*asking) == [[]] * 20
    assert google.calls == ["find_busy_times"]


async def test_an_answer_is_as_old_as_its_request(google, calendar, clock):
    """The calendar may have read at once and answered late."""
    google.may_answer.clear()
    asking = asyncio.create_task(spans(calendar))
    await let_tasks_run()
    clock.advance(MAX_AGE)
    google.may_answer.set()
    await asking
    await spans(calendar)
    assert google.calls == ["find_busy_times", "find_busy_times"]


async def test_a_write_is_visible_at_once(google, calendar):
    """A visit that was just added or removed is not listed wrongly for half a minute."""
    await spans(calendar)
    await calendar.put("calendar", EVENT)
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]
    await calendar.remove("calendar", EVENT.event_id)
    assert await spans(calendar) == []


async def test_an_answer_from_before_a_write_is_not_cached(google, calendar):
    """The request was sent before the event was written."""
    google.may_answer.clear()
    asking = asyncio.create_task(spans(calendar))
    await let_tasks_run()
    await calendar.put("calendar", EVENT)
    google.may_answer.set()
    assert await asking == []
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]


async def test_an_answer_from_during_a_write_is_not_cached(google, calendar):
    """The request was sent and answered during the write."""
    google.may_write.clear()
    writing = asyncio.create_task(calendar.put("calendar", EVENT))
    await let_tasks_run()
    assert await spans(calendar) == []
    google.may_write.set()
    await writing
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]


async def test_a_failed_write_invalidates_the_cache(google, calendar):
    """The write may have succeeded although its answer was lost."""
    google.fail("put", TransientError("time-out"))
    await spans(calendar)
    with pytest.raises(TransientError):
        await calendar.put("calendar", EVENT)
    google.events["calendar"][EVENT.event_id] = EVENT
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]


async def test_a_change_by_the_owner_invalidates_the_cache(google, calendar):
    """A sync with changes invalidates the cache; a sync without changes does not."""
    await calendar.put("calendar", EVENT)
    token = (await calendar.list_changes("calendar", None)).next_token
    await spans(calendar)
    token = (await calendar.list_changes("calendar", token)).next_token
    await spans(calendar)
    assert google.calls.count("find_busy_times") == 1
    later = Interval(NINE + HOUR, NINE + 2 * HOUR)
    google.owner_moves(EVENT.appointment_id, later)
    await calendar.list_changes("calendar", token)
    assert await spans(calendar) == [later]


async def test_an_event_is_read_from_the_calendar_itself(google, calendar):
    """Single events are not cached."""
    await calendar.put("calendar", EVENT)
    first = await calendar.find_event("calendar", EVENT.event_id)
    google.events["calendar"][EVENT.event_id] = replace(EVENT, end=NINE + 2 * HOUR)
    second = await calendar.find_event("calendar", EVENT.event_id)
    assert (first.interval.end, second.interval.end) == (NINE + HOUR, NINE + 2 * HOUR)


async def test_concurrent_requests_share_one_failure(google, calendar):
    """Ten concurrent requests share one lookup and its error; the next request starts a new lookup."""
    google.may_answer.clear()
    google.fail("find_busy_times", TransientError("calendar.busy: 503"))
    asking = [asyncio.create_task(spans(calendar)) for _ in range(10)]
    await let_tasks_run()
    google.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TransientError] * 10
    assert google.calls == ["find_busy_times"]
    assert await spans(calendar) == []


async def test_a_cancelled_request_does_not_cancel_the_lookup(google, calendar):
    """The first request may be cancelled; the others get the lookup's answer."""
    google.may_answer.clear()
    first, second = (asyncio.create_task(spans(calendar)) for _ in range(2))
    await let_tasks_run()
    first.cancel()
    await let_tasks_run()
    google.may_answer.set()
    assert await second == []
    assert google.calls == ["find_busy_times"]


async def test_a_request_after_a_write_does_not_get_an_answer_from_before(google, calendar):
    """Only earlier requests share a lookup that began before the write."""
    google.may_answer.clear()
    early = asyncio.create_task(spans(calendar))
    await let_tasks_run()
    await calendar.put("calendar", EVENT)
    late = asyncio.create_task(spans(calendar))
    await let_tasks_run()
    google.may_answer.set()
    assert (await early, await late) == ([], [Interval(NINE, NINE + HOUR)])


async def test_a_calendar_of_two_businesses_is_read_in_the_zone_of_each(google, calendar):
    """Its all-day events are other times for each of them."""
    google.all_day["calendar"] = [NINE.date()]
    zones = ["Europe/Warsaw", "America/New_York"]
    for _ in range(2):
        starts = [(await spans(calendar, zone=ZoneInfo(zone)))[0].start.hour for zone in zones]
        assert starts == [23, 5]


async def test_two_businesses_that_read_one_calendar_at_a_time_do_not_share_the_lookup(google, calendar):
    """A running lookup in another zone is waited for, and not used."""
    google.all_day["calendar"] = [NINE.date()]
    zones = ["Europe/Warsaw", "America/New_York"]
    both = await asyncio.gather(*(spans(calendar, zone=ZoneInfo(zone)) for zone in zones))
    assert [found[0].start.hour for found in both] == [23, 5]


async def test_who_leafs_through_a_calendar_costs_four_requests(google, calendar):
    """After three reads of what was asked everything is read; then no date costs another one in half a minute."""
    for week in range(50):
        await spans(calendar, Interval(MORNING.start + week * 7 * DAY, MORNING.end + week * 7 * DAY))
    assert len(google.calls) == 4
    assert [between.end - between.start < 4 * DAY for between in google.read] == [True, True, True, False]


async def test_who_asks_now_and_then_reads_little(google, calendar, clock):
    """Three reads in half a minute are many, and not three in all."""
    for week in range(10):
        await spans(calendar, Interval(MORNING.start + week * 7 * DAY, MORNING.end + week * 7 * DAY))
        clock.advance(MAX_AGE / 3)
    assert max(between.end - between.start for between in google.read) < 4 * DAY


async def test_a_time_that_is_known_to_be_the_owners_is_not_read_again(google, calendar, clock):
    """Where nothing is booked because of it; a time that looks free is, and one that an appointment explains."""
    google.block(Interval(NINE, NINE + HOUR))
    await calendar.put("calendar", replace(EVENT, start=NINE + 2 * HOUR, end=NINE + 3 * HOUR))
    await spans(calendar)
    for hours, reads in ((0, 1), (1, 2), (2, 3)):
        hour = Interval(NINE + hours * HOUR, NINE + (hours + 1) * HOUR)
        await spans(calendar, hour, fresh=True, busy_may_lag=True)
        assert google.calls.count("find_busy_times") == reads
    await spans(calendar, Interval(NINE, NINE + HOUR), fresh=True)
    assert google.calls.count("find_busy_times") == 4
    clock.advance(MAX_AGE)
    await spans(calendar, Interval(NINE, NINE + HOUR), fresh=True, busy_may_lag=True)
    assert google.calls.count("find_busy_times") == 5
