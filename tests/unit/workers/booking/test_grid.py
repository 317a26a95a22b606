"""The size of buckets, and that they cover an interval."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tenants.grid import MAX_BUCKETS, check_bucket_counts, compute_bucket_minutes
from workers.booking.domain.grid import list_bucket_starts
from workers.booking.domain.hold import compute_blocked_interval
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_free_slots
from workers.booking.domain.values import Interval

TEN = datetime(2026, 1, 13, 10, tzinfo=UTC)


def service(duration, **fields):
    return {"id": "visit", "name": {"en": "Visit"}, "duration_minutes": duration} | fields


@pytest.mark.parametrize(
    ("zone", "hours", "services", "expected"),
    [
        ("Europe/Warsaw", "09:00-17:00", service(60), 60),
        ("Europe/Warsaw", "09:00-17:00", service(120), 60),
        ("UTC", "08:00-16:00", service(240), 240),
        ("UTC", "00:00-24:00", service(1440), 1440),
        ("UTC", "00:00-24:00", service(1020), 60),
        ("Europe/Warsaw", "09:30-17:00", service(60), 30),
        ("Europe/Warsaw", "09:00-17:20", service(60), 60),
        ("Europe/Warsaw", "09:00-17:00", service(60, step_minutes=15), 15),
        ("Europe/Warsaw", "09:00-17:00", service(60, buffer_after_minutes=10), 10),
        ("Europe/Warsaw", "09:00-17:00", service(60, buffer_before_minutes=5), 5),
        ("Asia/Kathmandu", "09:00-17:00", service(60), 15),
        ("Australia/Lord_Howe", "09:00-17:00", service(60), 30),
        ("America/Sao_Paulo", "09:00-17:00", service(180), 180),
    ],
)
def test_buckets_are_as_coarse_as_the_profile_allows(make_profile, zone, hours, services, expected):
    """All steps, lengths, buffers, opening times and UTC offsets are multiples of a bucket."""
    assert compute_bucket_minutes(make_profile(zone=zone, hours=(hours,), services=[services])) == expected


def test_the_hours_of_an_exception_count_too(make_profile):
    """One date that opens at a quarter past the hour makes the buckets of the whole profile smaller."""
    exception = {"date": "2026-12-24", "hours": ["09:15-12:00"]}

    assert compute_bucket_minutes(make_profile(services=[service(60)], exceptions=[exception])) == 15


def test_the_hours_of_a_resource_count_too(make_profile):
    """Its starts count from them: both of its week and of its exceptions."""
    week = {"id": "tom", "opening_hours": {"monday": ["09:10-12:00"]}}
    one_day = {"id": "anna", "exceptions": [{"date": "2026-01-13", "hours": ["09:15-12:00"]}]}
    buckets = [
        compute_bucket_minutes(make_profile(services=[service(60)], resources=resources))
        for resources in ([{"id": "tom"}], [week], [one_day], [week, one_day])
    ]
    assert buckets == [60, 10, 15, 5]


def test_buckets_cover_an_interval_that_is_off_the_grid():
    """The first and the last bucket are taken completely, so two intervals in the same minute share a bucket."""
    covered = list_bucket_starts(Interval(TEN + timedelta(minutes=10), TEN + timedelta(minutes=31)), 15)

    assert covered == (TEN, TEN + timedelta(minutes=15), TEN + timedelta(minutes=30))


def test_neighbours_share_no_bucket():
    """A visit that begins when another ends can be booked beside it."""
    one = list_bucket_starts(Interval(TEN, TEN + timedelta(minutes=30)), 15)
    other = list_bucket_starts(Interval(TEN + timedelta(minutes=30), TEN + timedelta(minutes=60)), 15)

    assert not set(one) & set(other)


@given(
    first=st.tuples(st.integers(-600, 600), st.integers(1, 300)),
    second=st.tuples(st.integers(-600, 600), st.integers(1, 300)),
    minutes=st.sampled_from([5, 15, 45, 60, 1440]),
)
def test_intervals_that_overlap_share_a_bucket(first, second, minutes):
    """Whatever the size of the buckets, two overlapping intervals can't both be taken."""
    one, other = (
        Interval(TEN + timedelta(minutes=start), TEN + timedelta(minutes=start + length))
        for start, length in (first, second)
    )
    starts = list_bucket_starts(one, minutes)

    assert starts[0] <= one.start < one.end <= starts[-1] + timedelta(minutes=minutes)
    if one.overlaps(other):
        assert set(starts) & set(list_bucket_starts(other, minutes))


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_offered_visits_fill_their_buckets_exactly(make_profile, zone):
    """A free time is never refused for a neighbour that only shares a bucket with it, not even on clock changes."""
    profile = make_profile(zone=zone, hours=("00:00-24:00",), weekend=("00:00-24:00",))
    size = timedelta(minutes=compute_bucket_minutes(profile))
    now = datetime(2026, 3, 27, tzinfo=UTC)

    for offer in find_free_slots(profile, None, from_day=None, days=12, now=now, occupancy=Occupancy()):
        chosen = profile.find_service(offer.service_id)
        blocked = compute_blocked_interval(chosen, offer.start)
        starts = list_bucket_starts(blocked, size // timedelta(minutes=1))
        assert (starts[0], starts[-1] + size) == (blocked.start, blocked.end)


def test_a_profile_whose_visits_need_too_many_buckets_is_refused(make_profile):
    """The error names the service, its number of buckets and what to do."""
    profile = make_profile(services=[service(200, buffer_after_minutes=5)])

    with pytest.raises(ValueError, match=r"'visit' blocks 205 minutes .* 41 parts of 5 .* 40 are allowed"):
        check_bucket_counts(profile)


def test_a_profile_at_the_limit_is_accepted(make_profile):
    """Forty buckets, old and new, fit into one transaction."""
    profile = make_profile(services=[service(195, buffer_after_minutes=5)])

    check_bucket_counts(profile)
    assert 200 // compute_bucket_minutes(profile) == MAX_BUCKETS
