"""Ten years in six zones: the event that Google gets is at the visit's instant, and so are the answers about it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings

from tests.clock_changes import moments
from tests.contracts.stores.calendars import CALENDAR, visit
from workers.booking.domain.values import Interval

LENGTH = timedelta(minutes=45)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moment=moments())
async def test_an_event_is_at_the_visits_instant_and_on_its_wall_clock(google, moment):
    """The times carry an offset, so no clock change can shift them, and beside them stands the business's zone.

    Both ends are read as Google reads them: the instant by the offset, the wall clock by the zone that is named.
    """
    zone, start = moment
    event = visit(start, end=start + LENGTH, time_zone=zone)
    await google.calendar.put(CALENDAR, event)

    kept = google.stored(event).fields
    for edge, instant in (("start", start), ("end", start + LENGTH)):
        told = datetime.fromisoformat(kept[edge]["dateTime"])
        assert told == instant
        assert kept[edge]["timeZone"] == zone
        wall = told.astimezone(ZoneInfo(kept[edge]["timeZone"]))
        assert wall.replace(tzinfo=None) == instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    [busy] = await google.calendar.busy(CALENDAR, Interval(start - LENGTH, start + LENGTH), fresh=True)
    assert busy.interval == Interval(start, start + LENGTH)
    assert busy.appointment_id == event.appointment_id
    await google.calendar.remove(CALENDAR, event.event_id)
