"""Ten years in six zones: Google gets events at the visits' instants, and returns the same instants."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings

from tests.clock_changes import moments
from tests.contracts.stores.calendars import CALENDAR, visit
from workers.booking.domain.values import Interval

LENGTH = timedelta(minutes=45)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moment=moments())
async def test_an_event_has_the_visits_instant_and_local_time(google, moment):
    """The times have an offset, so no clock change can shift them, and the business's zone beside it.

    Both ends are read as Google reads them: the instant by the offset, the wall clock by the zone that is named.
    """
    zone, start = moment
    event = visit(start, end=start + LENGTH, time_zone=zone)
    await google.calendar.put(CALENDAR, event)

    stored = google.stored(event).fields
    for edge, instant in (("start", start), ("end", start + LENGTH)):
        answered = datetime.fromisoformat(stored[edge]["dateTime"])
        assert answered == instant
        assert stored[edge]["timeZone"] == zone
        wall = answered.astimezone(ZoneInfo(stored[edge]["timeZone"]))
        assert wall.replace(tzinfo=None) == instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    [busy] = await google.calendar.find_busy_times(CALENDAR, Interval(start - LENGTH, start + LENGTH), fresh=True)
    assert busy.interval == Interval(start, start + LENGTH)
    assert busy.appointment_id == event.appointment_id
    await google.calendar.remove(CALENDAR, event.event_id)
