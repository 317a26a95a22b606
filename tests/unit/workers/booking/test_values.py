"""Which intervals are valid, and when two of them overlap."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.booking.domain.values import AppointmentState, Interval

TEN = datetime(2026, 1, 13, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (TEN, TEN, "end after"),
        (TEN, TEN - HOUR, "end after"),
        (TEN.replace(tzinfo=None), TEN.replace(tzinfo=None) + HOUR, "aware"),
        (TEN.astimezone(timezone(HOUR)), TEN + HOUR, "UTC"),
        (TEN, (TEN + HOUR).astimezone(timezone(HOUR)), "UTC"),
    ],
)
def test_an_invalid_interval_raises(start, end, message):
    """Naive ends, other zones and a wrong order are bugs of the caller, and are reported at once."""
    with pytest.raises(ValueError, match=message):
        Interval(start, end)


@pytest.mark.parametrize(
    ("begins", "ends", "shares"),
    [(-2, -1, False), (-1, 0, False), (-1, 0.5, True), (0, 1, True), (0.2, 0.3, True), (1, 2, False)],
)
def test_intervals_that_touch_do_not_overlap(begins, ends, shares):
    """An interval is half-open, so the next visit may begin when this one ends."""
    one, other = Interval(TEN, TEN + HOUR), Interval(TEN + begins * HOUR, TEN + ends * HOUR)

    assert one.overlaps(other) is shares
    assert other.overlaps(one) is shares


def test_the_states_are_stored_by_their_names():
    """The predecessor's dashboards read these words in the table."""
    assert list(AppointmentState) == ["held", "confirmed", "cancelled"]
