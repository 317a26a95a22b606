"""That an instant survives being kept as milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.instants import from_milliseconds, to_milliseconds

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1970, 1, 3), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - zoned by it
"""Until a microsecond is the last digit that a float of seconds has."""


@given(INSTANTS)
def test_an_instant_comes_back_to_half_a_millisecond_and_in_utc(instant):
    """Whatever offset it had."""
    back = from_milliseconds(to_milliseconds(instant))

    assert abs(back - instant) <= timedelta(microseconds=502)
    assert back.tzinfo is UTC


def test_the_epoch_is_zero():
    """And a second later is a thousand."""
    assert to_milliseconds(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert from_milliseconds(1000) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
