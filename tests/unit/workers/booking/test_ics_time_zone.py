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


@pytest.mark.parametrize("name", SOME_ZONES)
def test_the_offsets_are_those_of_the_zone(name):
    """Also in the first hour of summer time, in half hours, and on a day that was skipped."""
    assert_offsets(name, 2011 if name == "Pacific/Apia" else 2026, 3 * HOUR / 2)


@pytest.mark.soak
def test_the_offsets_of_all_zones_are_those_of_the_zone():
    """Every half hour of a year, in each zone of the tz database and under each of its names."""
    for name in sorted(available_timezones()):
        assert_offsets(name, 2027, HOUR / 2)


@pytest.mark.parametrize(
    ("name", "first_hour"),
    [
        ("Europe/Warsaw", datetime(2026, 3, 29, 3, 30)),  # noqa: DTZ001 - a time on the wall
        ("America/New_York", datetime(2026, 3, 8, 3, 15)),  # noqa: DTZ001
    ],
)
def test_the_first_hour_of_summer_time_is_in_summer_time(name, first_hour):
    """An onset on the clock after the change would be an hour late."""
    zone = ZoneInfo(name)
    text = build_time_zone(zone, 2026).to_ical().decode()
    described = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n")).get(name)

    assert first_hour.replace(tzinfo=described).utcoffset() == first_hour.replace(tzinfo=zone).utcoffset()
