"""Requests for fresh busy times share lookups, and never one that began before them."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.errors import TransientError
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.turned_loop import run_turned
from workers.booking.adapters.fresh_lookups import FreshLookups
from workers.booking.domain.values import Interval

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
WARSAW, LISBON = ZoneInfo("Europe/Warsaw"), ZoneInfo("Europe/Lisbon")


class SlowCalendar(FakeCalendar):
    """A calendar that reads when it is called, and answers a second later."""

    def __init__(self, seconds=1.0):
        super().__init__("calendar", "another")
        self.seconds = seconds
        self.under_way = self.max_under_way = 0
        self.read = []

    async def find_busy_times(self, calendar_id, between, *, zone=None, fresh=False):
        self.under_way += 1
        self.max_under_way = max(self.max_under_way, self.under_way)
        self.read.append(between)
        try:
            times = await super().find_busy_times(calendar_id, between, zone=zone, fresh=fresh)
            await asyncio.sleep(self.seconds)
            return times
        finally:
            self.under_way -= 1


def hour(number):
    return Interval(NINE + number * HOUR, NINE + (number + 1) * HOUR)


async def start(lookups, number=0, calendar_id="calendar", zone=WARSAW):
    """Ask for an hour, and let the request begin."""
    task = asyncio.create_task(lookups.find_busy_times(calendar_id, hour(number), zone))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


def test_many_requests_cost_two_lookups():
    """The first, and one for all that came meanwhile; each gets what is in its own hour."""

    async def run():
        google = SlowCalendar()
        lookups = FreshLookups(google)
        google.block(hour(3))
        tasks = [await start(lookups, number) for number in range(8)]
        found = await asyncio.gather(*tasks)
        assert google.read == [hour(0), Interval(hour(1).start, hour(7).end)]
        assert [len(times) for times in found] == [0, 0, 0, 1, 0, 0, 0, 0]
        assert google.max_under_way == 1

    run_turned(run())


def test_an_answer_is_never_from_before_its_request():
    """The owner enters something while a lookup is under way, which has read already."""

    async def run():
        google = SlowCalendar()
        lookups = FreshLookups(google)
        early = await start(lookups)
        google.block(hour(0))
        late = await start(lookups)
        assert (list(await early), len(await late)) == ([], 1)

    run_turned(run())


def test_other_calendars_and_zones_do_not_wait():
    """They share nothing."""

    async def run():
        google = SlowCalendar()
        lookups = FreshLookups(google)
        tasks = [await start(lookups), await start(lookups, calendar_id="another"), await start(lookups, zone=LISBON)]
        await asyncio.gather(*tasks)
        assert google.max_under_way == 3

    run_turned(run())


def test_a_cancelled_caller_does_not_cancel_the_others():
    """Neither the one that began the lookup nor one that shares it."""

    async def run():
        google = SlowCalendar()
        lookups = FreshLookups(google)
        first, second, third = [await start(lookups, number) for number in range(3)]
        first.cancel()
        second.cancel()
        assert list(await third) == []
        assert len(google.read) == 2

    run_turned(run())


def test_an_error_is_that_of_all_and_is_not_kept():
    """The next request reads again."""

    async def run():
        google = SlowCalendar()
        lookups = FreshLookups(google)
        google.fail("find_busy_times", None, TransientError("calendar.busy: 503"))
        first, *others = [await start(lookups, number) for number in range(4)]
        assert list(await first) == []
        found = await asyncio.gather(*others, return_exceptions=True)
        assert [type(each) for each in found] == [TransientError] * 3
        assert list(await (await start(lookups))) == []

    run_turned(run())


@pytest.mark.parametrize(("seconds", "at_once"), [(1.9, 1), (30, 3)])
def test_a_calendar_that_hangs_does_not_hold_up_the_next_lookup(seconds, at_once):
    """It waits for two seconds at most, or the time limits of all would add up."""

    async def run():
        google = SlowCalendar(seconds)
        lookups = FreshLookups(google)
        tasks = []
        for _ in range(3):
            tasks.append(await start(lookups))
            await asyncio.sleep(2.1)
        await asyncio.gather(*tasks)
        assert google.max_under_way == at_once

    run_turned(run())
