"""A selection of many free times."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from workers.booking.domain.time_selection import select_times
from workers.booking.domain.values import SlotOffer

ZONE = ZoneInfo("Europe/Warsaw")
MIDNIGHT = datetime(2026, 1, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def offers_of(days, hours, services=("massage",)):
    starts = (MIDNIGHT + timedelta(days=day, hours=8 + hour) for day in range(days) for hour in range(hours))
    return [SlotOffer(start, start + HOUR, service) for start in starts for service in services]


def test_all_times_are_kept_where_they_fit():
    """In their order."""
    offers = offers_of(4, 10)
    assert select_times(offers, ZONE, limit=40) == offers


def test_each_day_has_its_share():
    """Evenly, with the first and the last time of each."""
    selected = select_times(offers_of(4, 10), ZONE, limit=12)
    local = [offer.start.astimezone(ZONE) for offer in selected]
    assert [f"{start:%d %H}" for start in local[:3]] == ["12 08", "12 12", "12 17"]
    assert Counter(start.day for start in local) == {12: 3, 13: 3, 14: 3, 15: 3}


@given(days=st.integers(0, 20), hours=st.integers(1, 12), services=st.integers(1, 6), limit=st.integers(2, 60))
def test_a_selection_is_never_too_long(days, hours, services, limit):
    """It has only offers, in their order, none twice; and the first of all."""
    offers = offers_of(days, hours, [f"s{number}" for number in range(services)])
    selected = select_times(offers, ZONE, limit=limit)
    assert len(selected) == len(set(selected)) <= limit
    assert selected == [offer for offer in offers if offer in set(selected)]
    assert selected[:1] == offers[:1]
