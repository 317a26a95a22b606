"""What an interval accepts, and when two share time."""

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
def test_an_interval_refuses_what_is_none(start, end, message):
    """Ends that are naive, in another zone or in the wrong order are a bug of the caller, said at once."""
    with pytest.raises(ValueError, match=message):
        Interval(start, end)


@pytest.mark.parametrize(
    ("begins", "ends", "shares"),
    [(-2, -1, False), (-1, 0, False), (-1, 0.5, True), (0, 1, True), (0.2, 0.3, True), (1, 2, False)],
)
def test_intervals_that_touch_do_not_overlap(begins, ends, shares):
    """An interval is half open, so the next visit may begin when this one ends."""
    one, other = Interval(TEN, TEN + HOUR), Interval(TEN + begins * HOUR, TEN + ends * HOUR)

    assert one.overlaps(other) is shares
    assert other.overlaps(one) is shares


def test_the_states_are_stored_by_their_names():
    """The words in the table are the ones that the predecessor's dashboards can read."""
    assert list(AppointmentState) == ["held", "confirmed", "cancelled"]
