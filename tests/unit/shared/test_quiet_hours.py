"""When a business wakes nobody: the same hours on the wall, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.tenants.quiet_hours import MAX_MINUTES, QuietHours
from tests.clock_changes import moments

WARSAW = ZoneInfo("Europe/Warsaw")
NIGHT = QuietHours.model_validate("21:00-08:00")


@st.composite
def quiet_hours(draw):
    begins = draw(st.integers(0, 287)) * 5
    return QuietHours(begins=begins, ends=(begins + draw(st.integers(1, MAX_MINUTES // 5)) * 5) % 1440)


def says_quiet(hours, instant, zone):
    """Whether the wall clock shows a quiet time."""
    wall = instant.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    return (minute - hours.begins) % 1440 < (hours.ends - hours.begins) % 1440


@pytest.mark.parametrize(
    ("at", "period"),
    [
        ("2026-01-12T19:59:59", None),
        ("2026-01-12T20:00:00", ("2026-01-12T20:00", "2026-01-13T07:00")),
        ("2026-01-13T06:59:59", ("2026-01-12T20:00", "2026-01-13T07:00")),
        ("2026-01-13T07:00:00", None),
        # The night of the clock change is an hour shorter, or longer.
        ("2026-03-29T00:30:00", ("2026-03-28T20:00", "2026-03-29T06:00")),
        ("2026-10-25T00:30:00", ("2026-10-24T19:00", "2026-10-25T07:00")),
    ],
)
def test_a_night_begins_and_ends_on_the_wall(at, period):
    """Both in UTC; its first instant belongs to it, the one after its last does not."""
    found = NIGHT.find_quiet_period(datetime.fromisoformat(at).replace(tzinfo=UTC), WARSAW)

    assert found == (period and tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in period))


@pytest.mark.parametrize(
    ("text", "at", "begins", "ends"),
    [
        # 02:30 is skipped: the end of the gap stands for it.
        ("20:00-02:30", "2026-03-29T00:59", "2026-03-28T19:00", "2026-03-29T01:00"),
        ("02:30-08:00", "2026-03-29T01:00", "2026-03-29T01:00", "2026-03-29T06:00"),
        # 02:30 comes twice: the first begins, the second ends.
        ("20:00-02:30", "2026-10-25T01:15", "2026-10-24T18:00", "2026-10-25T01:30"),
        ("02:30-08:00", "2026-10-25T00:45", "2026-10-25T00:30", "2026-10-25T07:00"),
    ],
)
def test_an_end_that_is_no_time_or_two(text, at, begins, ends):
    """Nobody is woken by an hour that the clocks drop or repeat."""
    found = QuietHours.model_validate(text).find_quiet_period(datetime.fromisoformat(at).replace(tzinfo=UTC), WARSAW)

    assert found == tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in (begins, ends))


@given(quiet_hours(), moments())
def test_what_the_wall_calls_quiet_is_quiet(hours, moment):
    """In ten years of six zones; a period holds the instant, is contiguous, and ends when the wall does not say so."""
    zone, instant = ZoneInfo(moment[0]), moment[1]
    period = hours.find_quiet_period(instant, zone)

    if says_quiet(hours, instant, zone):
        assert period is not None
    if period is not None:
        assert period.begins <= instant < period.ends
        assert hours.find_quiet_period(period.begins, zone) == period
        assert hours.find_quiet_period(period.ends - timedelta(seconds=1), zone) == period
        assert not says_quiet(hours, period.ends, zone)
        assert not says_quiet(hours, period.begins - timedelta(seconds=1), zone)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("21:00", "must look like"),
        ("9pm-8am", "must look like"),
        ("24:00-08:00", "write 00:00 for midnight"),
        ("21:60-08:00", "not a time of day"),
        ("21:00-21:00", "14 hours"),
        ("08:00-22:30", "14 hours"),
        (["21:00-08:00"], "dictionary"),
    ],
)
def test_a_mistake_is_reported(text, reason):
    """In the profile, with its reason."""
    with pytest.raises(ValidationError, match=reason):
        QuietHours.model_validate(text)


@pytest.mark.parametrize("text", ["21:00-08:00", "21:00 – 08:00"])
def test_hours_are_written_as_people_write_them(text):
    """As opening hours are."""
    assert QuietHours.model_validate(text) == NIGHT
