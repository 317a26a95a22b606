"""Converting wall-clock times to instants, also at clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.messages.errors import ErrorCode
from workers.booking.domain.local_time import find_first_instant, local_to_utc, parse_start
from workers.booking.domain.values import Refusal

ZONES = (
    "Europe/Warsaw",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
WARSAW = ZoneInfo("Europe/Warsaw")
INVALID = Refusal(ErrorCode.INVALID_TIME)
TEN_IN_WARSAW = datetime(2026, 1, 13, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-13T10:00",
        "2026-01-13 10:00",
        "2026-01-13t10:00:00",
        "  2026-01-13   10:00 \n",
        "2026-01-13 T 10:00",
        "2026-01-13\u00a010:00",
        "2026-01-13T10:00:00.000",
        "2026-01-13T10:00+01:00",
        "2026-01-13T10:00 +0100",
        "2026-01-13T10:00+01",
        "2026-01-13T09:00Z",
        "2026-01-13 9:00 z",
        "2026-01-13T09:00:00.000Z",
        "2026-01-13T04:00-05:00",
        "2026-01-13T04:00−05:00",
        "2026-01-13T14:45+05:45",
    ],
)
def test_a_start_is_read_in_every_usual_spelling(text):
    """With an offset a start is that instant, without one it is a wall-clock time of the tenant's zone."""
    assert parse_start(text, WARSAW) == TEN_IN_WARSAW


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow at ten",
        "2026-01-13",
        "10:00",
        "2026-01-1310:00",
        "13.01.2026 10:00",
        "2026-02-30T10:00",
        "2026-13-01T10:00",
        "2026-01-13T24:00",
        "2026-01-13T10:60",
        "2026-01-13T10:00:01",
        "2026-01-13T10:00:00.5",
        "2026-01-13T10:00+24:00",
        "2026-01-13T10:00+01:60",
        "2026-01-13T10:00+1",
        "2026-01-13T10:00 Europe/Warsaw",
        "0001-01-01T00:00+14:00",
        "1999-12-31T10:00",
        "2101-01-01T10:00",
        "9999-12-31T23:59-14:00",
        "99999-01-01T10:00",
        "٢٠٢٦-٠١-١٣T١٠:٠٠",
        "2026-01-13T10:00\x00",
    ],
)
def test_an_invalid_start_is_refused(text):
    """Other text, impossible dates, seconds, and years out of range are all `INVALID_TIME`."""
    assert parse_start(text, WARSAW) == INVALID


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [
        ("Europe/Warsaw", "2026-03-29T02:30"),
        ("Europe/London", "2026-03-29T01:00"),
        ("America/New_York", "2026-03-08T02:59"),
        ("America/Sao_Paulo", "2018-11-04T00:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15"),
    ],
)
def test_a_time_that_the_clocks_skip_is_refused(zone, skipped):
    """A wall-clock time in the gap does not exist, and the sentence says so; with an offset the same time is valid."""
    assert parse_start(skipped, ZoneInfo(zone)) == Refusal(ErrorCode.INVALID_TIME, about="skipped")
    assert isinstance(parse_start(skipped + "Z", ZoneInfo(zone)), datetime)


@pytest.mark.parametrize(
    ("zone", "repeated", "first"),
    [
        ("Europe/Warsaw", "2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Europe/London", "2026-10-25T01:00", datetime(2026, 10, 25, 0, 0, tzinfo=UTC)),
        ("America/New_York", "2026-11-01T01:59", datetime(2026, 11, 1, 5, 59, tzinfo=UTC)),
        ("America/Sao_Paulo", "2018-02-17T23:30", datetime(2018, 2, 18, 1, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", "2026-04-05T01:45", datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
    ],
)
def test_a_time_that_the_clocks_show_twice_is_the_first(zone, repeated, first):
    """Without an offset the first of the two is meant; with one, the visitor can choose the second."""
    second = first + (timedelta(minutes=30) if zone == "Australia/Lord_Howe" else timedelta(hours=1))

    assert parse_start(repeated, ZoneInfo(zone)) == first
    assert parse_start(second.astimezone(ZoneInfo(zone)).isoformat(), ZoneInfo(zone)) == second


@given(
    text=st.text(max_size=60)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?([+-][0-9:]{2,5})?Z?"),
    zone=st.sampled_from(ZONES),
)
@example(text="0000-00-00T00:00", zone="Europe/Warsaw")
@example(text="2000-01-01T00:00+23:59", zone="Europe/Warsaw")
def test_parsing_a_start_never_raises(text, zone):
    """Any text is an instant in UTC or a refusal."""
    result = parse_start(text, ZoneInfo(zone))

    assert result == INVALID or (isinstance(result, datetime) and result.tzinfo is UTC)


@given(
    minutes=st.integers(0, 22 * 365 * 24 * 60),
    zone=st.sampled_from(ZONES),
    separator=st.sampled_from(["T", " "]),
)
def test_an_instant_is_parsed_back_from_its_text(minutes, zone, separator):
    """What we write with the tenant's offset is parsed back to the same instant, in every zone."""
    instant = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

    assert parse_start(instant.astimezone(ZoneInfo(zone)).isoformat(separator), ZoneInfo(zone)) == instant


@given(
    day=st.dates(date(2018, 1, 1), date(2040, 1, 1)),
    minutes=st.integers(0, 1440),
    zone=st.sampled_from(ZONES),
)
def test_an_instant_has_the_requested_wall_clock_time(day, minutes, zone):
    """Its wall-clock time is the requested one; in a gap the next instant is close."""
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    instant = local_to_utc(day, minutes, ZoneInfo(zone))

    if instant is not None:
        assert instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall
        assert find_first_instant(day, minutes, ZoneInfo(zone)) == instant
    else:
        after = find_first_instant(day, minutes, ZoneInfo(zone)).astimezone(ZoneInfo(zone))
        assert wall < after.replace(tzinfo=None) <= wall + timedelta(hours=1)


def test_a_skipped_time_moves_to_the_end_of_its_gap():
    """On a day whose clocks jump from 02:00 to 03:00, 02:30 becomes 03:00; a skipped whole day works the same way."""
    assert find_first_instant(date(2026, 3, 29), 150, WARSAW) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert find_first_instant(date(2011, 12, 30), 600, ZoneInfo("Pacific/Apia")) == datetime(
        2011, 12, 30, 10, tzinfo=UTC
    )
