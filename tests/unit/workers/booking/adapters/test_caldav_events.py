"""The busy times of iCalendar texts, as the owner's calendar shows them."""

from datetime import UTC, datetime
from time import thread_time
from zoneinfo import ZoneInfo

import pytest

from tests.contracts.caldav_server import calendar_text, event_lines
from workers.booking.adapters.caldav.events import find_busy_intervals
from workers.booking.domain.calendar_problem import UnusableCalendarError
from workers.booking.domain.values import Interval

WARSAW = ZoneInfo("Europe/Warsaw")
MARCH = Interval(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
NINE = "DTSTART;TZID=Europe/Warsaw:20270305T090000"
TEN = "DTEND;TZID=Europe/Warsaw:20270305T100000"
OWN_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Salon",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:{0}",
    "TZOFFSETTO:{0}",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def own_zone(offset):
    return tuple(line.format(offset) for line in OWN_ZONE)


def busy(*texts, between=MARCH, zone=WARSAW, **options):
    """Return the busy times, written as `day hour:minute-hour:minute` in UTC."""
    return [
        f"{found.start:%d %H:%M}-{found.end:%H:%M}" for found in find_busy_intervals(texts, between, zone, **options)
    ]


def event(*lines, before=()):
    return calendar_text(*before, *event_lines("uid", *lines))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((NINE, TEN), ["05 08:00-09:00"]),
        ((NINE, "DURATION:PT90M"), ["05 08:00-09:30"]),
        (("DTSTART:20270305T090000Z", "DTEND:20270305T100000Z"), ["05 09:00-10:00"]),
        (("DTSTART:20270305T090000", "DTEND:20270305T100000"), ["05 08:00-09:00"]),
        (("DTSTART;TZID=America/New_York:20270305T090000", "DURATION:PT1H"), ["05 14:00-15:00"]),
        (("DTSTART;TZID=W. Europe Standard Time:20270305T090000", "DURATION:PT1H"), ["05 08:00-09:00"]),
        (("DTSTART;VALUE=DATE:20270305",), ["04 23:00-23:00"]),
        (("DTSTART;VALUE=DATE:20270328", "DTEND;VALUE=DATE:20270329"), ["27 23:00-22:00"]),
        ((NINE, TEN, "TRANSP:TRANSPARENT"), []),
        ((NINE, TEN, "transp:transparent"), []),
        ((NINE, TEN, "TRANSP:OPAQUE"), ["05 08:00-09:00"]),
        ((NINE, TEN, "STATUS:CANCELLED"), []),
        ((NINE, TEN, "STATUS:TENTATIVE"), ["05 08:00-09:00"]),
        ((NINE,), []),
        # What says nothing about the time may be unreadable.
        ((NINE, TEN, "PRIORITY:high", "GEO:here", "CREATED:yesterday"), ["05 08:00-09:00"]),
        ((NINE, TEN, "RRULE:FREQ=WEEKLY;COUNT=3"), ["05 08:00-09:00", "12 08:00-09:00", "19 08:00-09:00"]),
        ((NINE, TEN, "RRULE:FREQ=WEEKLY;UNTIL=20270312T235959Z"), ["05 08:00-09:00", "12 08:00-09:00"]),
        (
            (NINE, TEN, "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Warsaw:20270312T090000"),
            ["05 08:00-09:00", "19 08:00-09:00"],
        ),
        ((NINE, TEN, "RDATE;TZID=Europe/Warsaw:20270307T120000"), ["05 08:00-09:00", "07 11:00-12:00"]),
        # The wall clock stays when the clocks change on 28 March.
        (
            ("DTSTART;TZID=Europe/Warsaw:20270327T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"),
            ["27 08:00-09:00", "28 07:00-08:00"],
        ),
        (("DTSTART;VALUE=DATE:20200105", "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8"), ["07 23:00-23:00"]),
    ],
)
def test_an_event_is_busy_as_the_calendar_shows_it(lines, expected):
    """With its zone, its recurrences and exceptions; free, cancelled and empty events occupy nothing."""
    assert busy(event(*lines)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("DTSTART;TZID=Europe/Warsaw:20270313T150000", "DURATION:PT1H"), ["05 08:00-09:00", "13 14:00-15:00"]),
        (("DTSTART;TZID=Europe/Warsaw:20270312T090000", "DURATION:PT1H", "STATUS:CANCELLED"), ["05 08:00-09:00"]),
        (("DTSTART;TZID=Europe/Warsaw:20270312T090000", "DURATION:PT1H", "TRANSP:TRANSPARENT"), ["05 08:00-09:00"]),
    ],
)
def test_a_changed_instance_replaces_its_own(changed, expected):
    """Moved, cancelled or made free, while the others stay."""
    series = event_lines("one", NINE, TEN, "RRULE:FREQ=WEEKLY;COUNT=2")
    instance = event_lines("one", "RECURRENCE-ID;TZID=Europe/Warsaw:20270312T090000", *changed)
    assert busy(calendar_text(*series, *instance)) == expected


def test_a_zone_of_the_calendars_own_is_followed():
    """A calendar may define zones under any name."""
    own = event("DTSTART;TZID=Salon:20270305T090000", "DURATION:PT1H", before=own_zone("+0500"))
    assert busy(own) == ["05 04:00-05:00"]


def test_a_zone_of_one_calendar_does_not_apply_to_another():
    """Not even if both have the same name: one business can't move another's busy times."""
    lines = ("DTSTART;TZID=Salon:20270305T090000", "DURATION:PT1H")
    one, other = (event(*lines, before=own_zone(offset)) for offset in ("+0500", "-0300"))
    assert busy(one, other) == ["05 04:00-05:00", "05 12:00-13:00"]
    assert busy(other) == ["05 12:00-13:00"]
    with pytest.raises(UnusableCalendarError):
        busy(event(*lines))


def test_free_busy_times_are_read():
    """As periods with an end or a length; free ones are none."""
    text = calendar_text(
        "BEGIN:VFREEBUSY",
        "UID:uid",
        "DTSTAMP:20260101T000000Z",
        "FREEBUSY:20270305T090000Z/20270305T100000Z,20270306T090000Z/PT30M",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270307T090000Z/PT30M",
        "FREEBUSY;FBTYPE=FREE:20270308T090000Z/PT30M",
        "END:VFREEBUSY",
    )
    assert busy(text) == ["05 09:00-10:00", "06 09:00-09:30", "07 09:00-09:30"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no calendar",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n",
        event("DTSTART:tomorrow", "DURATION:PT1H"),
        event("DTEND:20270305T100000Z"),
        event(NINE, "DURATION:long"),
        event(NINE, "DTEND:later"),
        event(NINE, TEN, "RDATE:later"),
        event(NINE, TEN, "RECURRENCE-ID:some"),
        calendar_text("BEGIN:VFREEBUSY", "FREEBUSY:20270305T090000Z", "END:VFREEBUSY"),
        calendar_text("BEGIN:VFREEBUSY", "FREEBUSY:always", "END:VFREEBUSY"),
        event(NINE, TEN, "RRULE:FREQ=NEVER"),
        event(NINE, TEN, "RRULE:FREQ=WEEKLY", "EXDATE:some"),
        event("DTSTART;TZID=Nowhere/Land:20270305T090000", "DURATION:PT1H"),
        event(NINE, TEN) + event(NINE, TEN),
    ],
)
def test_what_cannot_be_read_is_not_free(text):
    """The owner must repair it; the message quotes nothing of the event."""
    with pytest.raises(UnusableCalendarError) as refusal:
        busy(text)
    assert refusal.value.reason == "calendar_request_refused"
    assert "Nowhere" not in str(refusal.value)


@pytest.mark.parametrize(
    "lines",
    [
        ("RRULE:FREQ=SECONDLY",),
        ("RRULE:FREQ=MINUTELY",),
        ("RRULE:FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(60))),),
        ("RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,10,20,30,40",),
        # These have no instance at all, so that the search for one would go on to the year 9999.
        ("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",),
        ("RRULE:FREQ=DAILY;BYSETPOS=2",),
    ],
)
def test_an_endless_computation_is_stopped(lines):
    """It may use half a second of the processor here, and the calendar then is not free."""
    before = thread_time()
    with pytest.raises(UnusableCalendarError):
        busy(event(NINE, TEN, *lines), max_seconds=0.1)
    assert thread_time() - before < 0.5


def test_an_endless_zone_is_stopped():
    """A zone of the calendar's own may recur, too."""
    zone = [*own_zone("+0100")]
    zone.insert(4, "RRULE:FREQ=SECONDLY")
    before = thread_time()
    with pytest.raises(UnusableCalendarError):
        busy(event("DTSTART;TZID=Salon:20270305T090000", "DURATION:PT1H", before=zone), max_seconds=0.1)
    assert thread_time() - before < 0.5


def test_too_many_busy_times_are_refused():
    """An answer of a few lines can't fill the memory."""
    rule = "RRULE:FREQ=HOURLY;BYMINUTE=0,30;COUNT=11"
    text = event("DTSTART:20270305T090000Z", "DURATION:PT5M", rule)
    assert len(busy(text, max_times=11)) == 11
    with pytest.raises(UnusableCalendarError, match="more than"):
        busy(text, max_times=10)
