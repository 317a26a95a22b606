"""Calendars that are read: one suite for the fake, Google's client and CalDAV."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.errors import PermanentError
from tests.contracts.caldav_server import OwnersCalendar, make_reader
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, InMemory
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime

DAY = timedelta(days=1)
ONE_WEEK = Interval(NINE - 3 * DAY, NINE + 4 * DAY)


class AtCalDav:
    """The CalDAV adapter against Radicale, with the owner's actions there."""

    def __init__(self, address):
        self.calendar = make_reader(address)
        self.owners = OwnersCalendar(address)
        self.calendar_id, self.nobodys = self.owners.url, f"{address}/salon/nobody/"

    def owner_enters(self, interval):
        self.owners.enter(f"DTSTART:{interval.start:%Y%m%dT%H%M%SZ}", f"DTEND:{interval.end:%Y%m%dT%H%M%SZ}")

    def owner_enters_day(self, day):
        self.owners.enter(f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + DAY:%Y%m%d}")


@pytest.fixture(params=["memory", "google", "caldav"])
async def side(request):
    if request.param == "caldav":
        side = AtCalDav(request.getfixturevalue("radicale"))
        yield side
        await side.calendar.close()
        return
    side = InMemory() if request.param == "memory" else request.getfixturevalue("google")
    side.calendar_id, side.nobodys = CALENDAR, "nobody"
    yield side


async def test_the_owners_events_are_busy(side):
    """In order, complete and without an appointment; the rest is free."""
    assert list(await side.calendar.find_busy_times(side.calendar_id, MORNING)) == []
    entered = [Interval(NINE + n * HOUR, NINE + (n + 1) * HOUR) for n in (0, 2)]
    for interval in reversed(entered):
        side.owner_enters(interval)
    found = await side.calendar.find_busy_times(side.calendar_id, MORNING, fresh=True)
    assert sorted(found, key=lambda busy: busy.interval.start) == [BusyTime(interval) for interval in entered]


async def test_busy_times_adjacent_to_the_window_are_left_out(side):
    """An event that ends when the window begins, or begins when it ends, is not in it."""
    side.owner_enters(Interval(MORNING.start - HOUR, MORNING.start))
    side.owner_enters(Interval(MORNING.end, MORNING.end + HOUR))
    assert list(await side.calendar.find_busy_times(side.calendar_id, MORNING)) == []


async def test_busy_times_that_exceed_the_window_are_complete(side):
    """They are not truncated to the window."""
    long = Interval(NINE - 5 * HOUR, NINE + 9 * HOUR)
    side.owner_enters(long)
    assert list(await side.calendar.find_busy_times(side.calendar_id, MORNING)) == [BusyTime(long)]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Warsaw", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("window_hours", [1, 7 * 24])
async def test_an_all_day_event_is_the_business_own_date(side, zone, window_hours):
    """Whatever zone the calendar has, and also if the window is only the first hour of that date."""
    day = date(2027, 3, 1)
    midnight = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    side.owner_enters_day(day)
    window = Interval(midnight, midnight + window_hours * HOUR)
    found = await side.calendar.find_busy_times(side.calendar_id, window, zone=ZoneInfo(zone))
    assert list(found) == [BusyTime(Interval(midnight, midnight + DAY))]


async def test_an_unknown_calendar_is_permanent(side):
    """The owner must repair a calendar that does not exist or is not shared with us."""
    with pytest.raises(PermanentError) as refusal:
        await side.calendar.find_busy_times(side.nobodys, MORNING)
    assert refusal.value.reason == "calendar_unknown"
