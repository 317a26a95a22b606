"""Which times are offered instead of one that is not available."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_alternatives, find_free_slots
from workers.booking.domain.values import Interval

WARSAW = ZoneInfo("Europe/Warsaw")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).astimezone(UTC)


def blocked(start, end):
    return Interval(at(start), at(end))


def wall_times(offers):
    return [offer.start.astimezone(WARSAW).strftime("%a %d %H:%M") for offer in offers]


def test_the_same_day_comes_first_closest_first(make_profile, accepted_at):
    """Of two equally close times the earlier comes first."""
    busy = [blocked("2026-01-13 10:00", "2026-01-13 11:00")]
    requested = at("2026-01-13 10:00")

    offers = find_alternatives(make_profile(), "massage", requested, now=accepted_at, occupancy=Occupancy(busy))

    assert wall_times(offers) == ["Tue 13 09:00", "Tue 13 11:00", "Tue 13 13:00", "Tue 13 13:30", "Tue 13 14:00"]


def test_a_full_day_leads_to_the_same_time_of_the_nearest_days(make_profile, accepted_at):
    """There is one offer a day, the nearest day first, so that the visitor can choose between days."""
    busy = [blocked("2026-01-14 08:00", "2026-01-14 18:00"), blocked("2026-01-15 10:00", "2026-01-15 10:30")]

    offers = find_alternatives(
        make_profile(), "massage", at("2026-01-14 10:00"), now=accepted_at, occupancy=Occupancy(busy)
    )

    assert wall_times(offers) == ["Tue 13 10:00", "Thu 15 10:30", "Mon 12 10:00", "Fri 16 10:00", "Mon 19 10:00"]


def test_few_times_on_the_same_day_are_followed_by_those_of_other_days(make_profile, accepted_at):
    """A single time on the same day comes before all others."""
    busy = [blocked("2026-01-13 08:00", "2026-01-13 16:00")]

    offers = find_alternatives(
        make_profile(), "massage", at("2026-01-13 10:00"), now=accepted_at, occupancy=Occupancy(busy), count=3
    )

    assert wall_times(offers) == ["Tue 13 16:00", "Mon 12 10:00", "Wed 14 10:00"]


def test_with_few_days_each_day_gives_more_times(make_profile, accepted_at):
    """A short horizon still fills the list."""
    profile = make_profile(horizon_days=1)
    busy = [blocked("2026-01-13 08:00", "2026-01-13 18:00")]

    offers = find_alternatives(
        profile, "massage", at("2026-01-13 10:00"), now=accepted_at, occupancy=Occupancy(busy), count=4
    )

    assert wall_times(offers) == ["Mon 12 10:00", "Mon 12 09:30", "Mon 12 10:30", "Mon 12 09:00"]


def test_a_time_outside_the_horizon_gets_the_nearest_times(make_profile, accepted_at):
    """A time in the past gets the first days, one after the horizon gets the last days."""
    profile = make_profile(minimum_notice_minutes=24 * 60)

    early = find_alternatives(
        profile, "massage", at("2020-01-01 10:00"), now=accepted_at, occupancy=Occupancy(), count=3
    )
    late = find_alternatives(
        profile, "massage", at("2099-01-01 10:00"), now=accepted_at, occupancy=Occupancy(), count=3
    )

    assert wall_times(early) == ["Tue 13 10:00", "Wed 14 10:00", "Thu 15 10:00"]
    assert wall_times(late) == ["Wed 11 10:00", "Tue 10 10:00", "Mon 09 10:00"]


def test_the_requested_time_is_never_an_alternative(make_profile, accepted_at):
    """A visitor who has just lost a time is not offered it again, even if the list still shows it as free."""
    requested = at("2026-01-13 10:00")

    offers = find_alternatives(make_profile(), "massage", requested, now=accepted_at, occupancy=Occupancy())

    assert requested not in {offer.start for offer in offers}


@pytest.mark.parametrize("service", ["haircut", "massage"])
def test_without_free_times_there_are_no_alternatives(make_profile, accepted_at, service):
    """Neither an unknown service nor a business that is always closed has any."""
    assert find_alternatives(make_profile(hours=()), service, accepted_at, now=accepted_at, occupancy=Occupancy()) == []


@given(
    zone=st.sampled_from(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    requested_hours=st.integers(-50, 24 * 12),
    occupied_hours=st.lists(st.tuples(st.integers(0, 24 * 8), st.integers(1, 30)), max_size=8),
    count=st.integers(1, 12),
)
def test_the_list_has_the_requested_count_or_all_free_times(make_profile, zone, requested_hours, occupied_hours, count):
    """Every alternative is free and unique, those of the same day come first, and none is missing."""
    now = datetime(2026, 3, 27, 7, 13, tzinfo=UTC)
    profile = make_profile(zone=zone, horizon_days=6, minimum_notice_minutes=90)
    requested = now.replace(minute=0) + timedelta(hours=requested_hours)
    busy = [
        Interval(now + timedelta(hours=start), now + timedelta(hours=start + length))
        for start, length in occupied_hours
    ]
    free = find_free_slots(profile, "consultation", from_day=None, days=60, now=now, occupancy=Occupancy(busy))
    choice = [offer for offer in free if offer.start != requested]

    offers = find_alternatives(profile, "consultation", requested, now=now, occupancy=Occupancy(busy), count=count)

    assert len(offers) == len(set(offers)) == min(count, len(choice))
    assert set(offers) <= set(choice)
    day = requested.astimezone(ZoneInfo(zone)).date()
    same_day = [offer for offer in choice if offer.start.astimezone(ZoneInfo(zone)).date() == day]
    closest = sorted(same_day, key=lambda offer: (abs(offer.start - requested), offer.start))
    assert offers[: len(closest)] == closest[:count]
