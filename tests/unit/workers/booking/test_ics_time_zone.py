"""A reader that knows only a file's VTIMEZONE finds the offsets of the tz database."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical

from workers.booking.domain.ics_time_zone import build_time_zone

HOUR = timedelta(hours=1)
SOME_ZONES = (
    *("Europe/Warsaw", "Europe/Dublin", "America/New_York", "Africa/Casablanca", "Asia/Calcutta"),
    *("Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"),
)
WITHOUT_CHANGES = {"Asia/Calcutta", "Pacific/Apia", "America/Sao_Paulo"}


def assert_offsets(name, year, step):
    """Compare the offsets of every local time of a year, and of the night after it, that the clocks show once."""
    zone = ZoneInfo(name)
    text = build_time_zone(zone, year).to_ical().decode()
    described = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n")).get(name)
    at = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    while (local := at.astimezone(zone)) < datetime(year + 1, 1, 2, tzinfo=zone):
        if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
            assert local.replace(tzinfo=described).utcoffset() == local.utcoffset(), (name, local)
        at += step


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SOME_ZONES)
def test_the_offsets_are_those_of_the_zone(name):
    """Also in the first hour of summer time, in half hours, and on a day that was skipped."""
    assert_offsets(name, 2011 if name == "Pacific/Apia" else 2026, 3 * HOUR / 2)


@pytest.mark.soak
def test_the_offsets_of_all_zones_are_those_of_the_zone():
    """Every half hour of a year, in each zone of the tz database and under each of its names."""
    for name in sorted(available_timezones()):
        assert_offsets(name, 2027, HOUR / 2)


@pytest.mark.parametrize("name", SOME_ZONES)
def test_an_onset_is_on_the_clock_before_the_change(name):
    """As RFC 5545, section 3.6.5, counts it: the instant is DTSTART less TZOFFSETFROM."""
    zone = ZoneInfo(name)
    onsets = [
        (observance["dtstart"].dt - observance["tzoffsetfrom"].td, observance)
        for observance in build_time_zone(zone, 2026).subcomponents
    ]

    assert len(onsets) == (1 if name in WITHOUT_CHANGES else 3)
    for at, observance in onsets:
        before, after = (each.replace(tzinfo=UTC).astimezone(zone) for each in (at - timedelta(seconds=1), at))
        assert (observance["tzoffsetfrom"].td, observance["tzoffsetto"].td) == (before.utcoffset(), after.utcoffset())
        assert observance["tzname"] == after.tzname()
        assert (observance.name == "DAYLIGHT") is (after.dst() > timedelta(0))
