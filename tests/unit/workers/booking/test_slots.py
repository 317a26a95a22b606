"""Which starts are offered, on ordinary days and on days with clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.messages.errors import ErrorCode
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_free_slots, refuse_unoffered_start
from workers.booking.domain.values import Interval, Refusal, SlotOffer

MONDAY = date(2026, 1, 12)
INVALID = Refusal(ErrorCode.INVALID_TIME)


def wall_times(offers, zone="Europe/Warsaw"):
    return [offer.start.astimezone(ZoneInfo(zone)).strftime("%H:%M") for offer in offers]


def on(profile, day, now, *, service="massage", days=1, busy=()):
    return find_free_slots(profile, service, from_day=day, days=days, now=now, occupancy=Occupancy(busy))


def test_starts_are_steps_from_each_opening_with_room_for_the_visit(make_profile, accepted_at):
    """A visit fits into one period: none spans the lunch break, and the last one ends at closing time."""
    assert wall_times(on(make_profile(), MONDAY, accepted_at)) == [
        *("09:00", "09:30", "10:00", "10:30", "11:00"),
        *("13:00", "13:30", "14:00", "14:30", "15:00", "15:30", "16:00"),
    ]


def test_an_offer_ends_with_the_visit_without_its_buffers(make_profile, accepted_at):
    """Buffers are internal to the business; both ends are in UTC."""
    first = on(make_profile(), MONDAY, accepted_at, service="consultation")[0]

    assert first == SlotOffer(accepted_at + timedelta(hours=1), accepted_at + timedelta(hours=1.5), "consultation")
    assert first.start.tzinfo is UTC


def test_all_services_come_by_start_and_then_in_the_profiles_order(make_profile, accepted_at):
    """Without a service all services are listed."""
    offers = on(make_profile(hours=("09:00-10:00",)), MONDAY, accepted_at, service=None)

    assert [(wall, offer.service_id) for wall, offer in zip(wall_times(offers), offers, strict=True)] == [
        ("09:00", "massage"),
        ("09:00", "consultation"),
        ("09:30", "consultation"),
    ]


def test_an_unknown_service_has_no_slots(make_profile, accepted_at):
    """The handler refuses with `UNKNOWN_SERVICE`; here the list is empty."""
    assert on(make_profile(), MONDAY, accepted_at, service="haircut") == []


def test_an_exception_replaces_the_hours_of_its_date(make_profile, accepted_at):
    """A holiday is closed and a long Saturday is open, whatever the weekly hours are."""
    profile = make_profile(exceptions=[{"date": "2026-01-13"}, {"date": "2026-01-17", "hours": ["10:00-11:00"]}])

    assert on(profile, date(2026, 1, 13), accepted_at) == []
    assert wall_times(on(profile, date(2026, 1, 17), accepted_at)) == ["10:00"]
    assert on(profile, date(2026, 1, 18), accepted_at) == []


def test_the_notice_counts_from_now_to_the_second(make_profile, accepted_at):
    """A start exactly at the end of the notice is offered, one a second earlier is not."""
    profile = make_profile(minimum_notice_minutes=120)

    assert wall_times(on(profile, MONDAY, accepted_at))[0] == "10:00"
    assert wall_times(on(profile, MONDAY, accepted_at + timedelta(seconds=1)))[0] == "10:30"
    assert wall_times(on(profile, MONDAY, accepted_at + timedelta(microseconds=1)))[0] == "10:30"


def test_the_horizon_counts_local_days_after_today(make_profile):
    """At 23:30 UTC it is already tomorrow in Warsaw, so the last day is one later than UTC's date."""
    profile = make_profile(horizon_days=1)
    late = datetime(2026, 1, 12, 23, 30, tzinfo=UTC)

    days = {offer.start.date() for offer in on(profile, MONDAY, late, days=60)}
    assert days == {date(2026, 1, 13), date(2026, 1, 14)}


@pytest.mark.parametrize("day", [date.min, date(2025, 1, 1), date(2027, 1, 1), date.max])
def test_a_day_outside_the_horizon_has_no_slots(make_profile, accepted_at, day):
    """A client may request any date; none overflows."""
    assert on(make_profile(), day, accepted_at, days=60) == []


def test_without_a_day_the_list_begins_today(make_profile, accepted_at):
    """The first offer of an open morning is today's."""
    offers = find_free_slots(make_profile(), "massage", from_day=None, days=2, now=accepted_at, occupancy=Occupancy())

    assert {offer.start.date() for offer in offers} == {MONDAY, date(2026, 1, 13)}


def test_an_occupied_time_blocks_every_visit_whose_buffers_overlap_it(make_profile, accepted_at):
    """With buffers of 10 minutes before and 20 after, 10:00-11:00 blocks the starts from 09:30 to 11:00."""
    ten = accepted_at + timedelta(hours=2)
    offers = on(
        make_profile(hours=("09:00-12:30",)),
        MONDAY,
        accepted_at,
        service="consultation",
        busy=[Interval(ten, ten + timedelta(hours=1))],
    )

    assert wall_times(offers) == ["09:00", "11:30", "12:00"]


def test_buffers_may_exceed_the_opening_hours(make_profile, accepted_at):
    """The room can be prepared before opening time, unless that time is occupied."""
    nine = accepted_at + timedelta(hours=1)
    early = Interval(nine - timedelta(minutes=20), nine - timedelta(minutes=9))

    profile = make_profile(hours=("09:00-10:00",))
    assert wall_times(on(profile, MONDAY, accepted_at, service="consultation")) == ["09:00", "09:30"]
    assert wall_times(on(profile, MONDAY, accepted_at, service="consultation", busy=[early])) == ["09:30"]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        ("Europe/Warsaw", date(2026, 3, 29), "00:00-05:00", ["00:00", "01:00", "03:00", "04:00"]),
        ("Europe/Warsaw", date(2026, 3, 29), "02:30-05:00", ["03:00", "04:00"]),
        ("Europe/Warsaw", date(2026, 3, 29), "02:00-02:55", []),
        ("Europe/Warsaw", date(2026, 10, 25), "01:00-04:00", ["01:00", "02:00", "02:00", "03:00"]),
        ("Europe/Warsaw", date(2026, 10, 25), "01:00-02:00", ["01:00"]),
        ("America/Sao_Paulo", date(2018, 11, 4), "00:00-03:00", ["01:00", "02:00"]),
        ("America/Sao_Paulo", date(2018, 2, 17), "22:00-24:00", ["22:00", "23:00", "23:00"]),
        ("Australia/Lord_Howe", date(2026, 10, 4), "01:00-05:00", ["01:00", "02:30", "03:30"]),
        ("Australia/Lord_Howe", date(2026, 4, 5), "01:00-03:00", ["01:00", "01:30"]),
        ("Asia/Kathmandu", date(2026, 3, 29), "00:00-03:00", ["00:00", "01:00", "02:00"]),
        # Over midnight: first what is left of the evening before, then the date's own evening.
        ("Europe/Warsaw", date(2026, 3, 28), "22:00-01:30", ["00:00", "22:00", "23:00"]),
        ("Europe/Warsaw", date(2026, 3, 29), "22:00-04:30", ["00:00", "01:00", "03:00", "22:00", "23:00"]),
        ("Europe/Warsaw", date(2026, 3, 29), "22:30-02:30", ["00:30", "22:30", "23:30"]),
        ("Europe/Warsaw", date(2026, 10, 25), "23:30-03:30", ["00:30", "01:30", "02:30", "02:30", "23:30"]),
        ("America/Sao_Paulo", date(2018, 11, 4), "22:30-02:30", ["01:30", "22:30", "23:30"]),
        ("America/Sao_Paulo", date(2018, 2, 17), "22:00-01:00", ["00:00", "22:00", "23:00", "23:00"]),
        ("Australia/Lord_Howe", date(2026, 4, 5), "23:00-03:00", ["00:00", "01:00", "01:30", "23:00"]),
    ],
)
def test_a_day_with_a_clock_change_has_its_real_length(make_profile, zone, day, hours, expected):
    """Skipped hours are not offered, repeated ones are offered twice, and every visit has its full length."""
    hour = {"id": "hour", "name": {"en": "Hour"}, "duration_minutes": 60}
    profile = make_profile(zone=zone, hours=(hours,), weekend=(hours,), services=[hour])
    now = datetime.combine(day, datetime.min.time(), tzinfo=UTC) - timedelta(days=2)

    offers = on(profile, day, now, service="hour")

    assert wall_times(offers, zone) == expected
    assert all(refuse_unoffered_start(profile, profile.services[0], offer.start, now) is None for offer in offers)


@pytest.mark.parametrize(
    ("why", "hours_later"),
    [
        ("past", -1),
        ("sooner than the notice", 1.5),
        ("not on a step", 2.25),
        ("too late to end before the break", 3.5),
        ("in the break", 4.5),
        ("at closing time", 9),
        ("at night", 14),
        ("on a Sunday", 6 * 24 + 3),
        ("after the horizon", 31 * 24 + 3),
        ("on a step of Sunday's neighbour, years ahead", 1000 * 24 + 3),
    ],
)
def test_a_start_that_the_rules_forbid_is_an_invalid_time(make_profile, accepted_at, why, hours_later):
    """The refusal is the same for every reason and does not depend on occupied times."""
    profile = make_profile(minimum_notice_minutes=120)
    start = accepted_at + timedelta(hours=hours_later)

    assert refuse_unoffered_start(profile, profile.services[0], start, accepted_at) == INVALID, why


def test_a_start_that_the_rules_allow_is_offered(make_profile, accepted_at):
    """The first start after the notice and the last one of the horizon are allowed."""
    profile = make_profile(minimum_notice_minutes=120)

    for start in (accepted_at + timedelta(hours=2), accepted_at + timedelta(days=30, hours=8)):
        assert refuse_unoffered_start(profile, profile.services[0], start, accepted_at) is None


def test_a_day_that_closes_at_a_skipped_midnight_keeps_all_its_hours(make_profile):
    """São Paulo, 3 November 2018: the clocks jump from midnight to one, and the last hour is a full hour."""
    evening = ("20:00-24:00",)
    service = [{"id": "visit", "name": {"en": "Visit"}, "duration_minutes": 60}]
    profile = make_profile(zone="America/Sao_Paulo", hours=evening, weekend=evening, services=service)
    now, day = datetime(2018, 11, 3, 12, tzinfo=UTC), date(2018, 11, 3)

    offers = on(profile, day, now, service="visit")

    assert wall_times(offers, "America/Sao_Paulo") == ["20:00", "21:00", "22:00", "23:00"]
    assert {offer.end - offer.start for offer in offers} == {timedelta(hours=1)}
    assert refuse_unoffered_start(profile, profile.services[0], offers[-1].start, now) is None


def test_merged_periods_add_starts_and_remove_none(make_profile, accepted_at):
    """A visit may span their border; each period keeps its own steps, and a break stays one."""
    hours = ("09:00-11:15", "11:15-13:00", "14:00-15:00")
    separate, merged = (make_profile(hours=hours, merge_adjoining_periods=merge) for merge in (False, True))

    assert wall_times(on(separate, MONDAY, accepted_at)) == ["09:00", "09:30", "10:00", "11:15", "11:45", "14:00"]
    assert wall_times(on(merged, MONDAY, accepted_at)) == [
        *("09:00", "09:30", "10:00", "10:30", "11:00", "11:15", "11:45", "14:00"),
    ]


def test_a_visit_of_24_hours_may_end_on_the_second_date_after_its_start(make_profile):
    """Where a business never closes, and the clocks go forward."""
    service = [{"id": "day", "name": {"en": "Day"}, "duration_minutes": 1440, "step_minutes": 30}]
    always = ("00:00-24:00",)
    profile = make_profile(hours=always, weekend=always, services=service, merge_adjoining_periods=True)
    saturday = date(2026, 3, 28)

    offers = on(profile, saturday, datetime(2026, 3, 28, 12, tzinfo=UTC), service="day")

    assert wall_times(offers)[-1] == "23:30"
    assert offers[-1].end.astimezone(profile.zone).isoformat() == "2026-03-30T00:30:00+02:00"


def test_a_night_is_cut_where_the_next_date_begins(make_profile, accepted_at):
    """No time is offered twice: the steps are those of the period that began last."""
    exceptions = [{"date": "2026-01-13", "hours": ["00:45-02:00"]}]
    profile = make_profile(hours=("22:00-03:00",), exceptions=exceptions)

    offers = on(profile, MONDAY, accepted_at, days=2)

    assert wall_times(offers) == ["22:00", "22:30", "23:00", "23:30", "00:45"]


@pytest.mark.parametrize(
    ("now", "minutes", "first"),
    [
        ("2026-01-12T16:00", 120, "2026-01-13T10:00"),
        ("2026-01-12T16:00", 60, "2026-01-13T09:00"),
        ("2026-01-12T16:00", 61, "2026-01-13T09:30"),
        ("2026-01-12T11:30", 60, "2026-01-12T13:30"),
        ("2026-01-12T19:00", 180, "2026-01-13T13:00"),
        ("2026-01-16T16:00", 90, "2026-01-20T09:30"),
        ("2026-01-12T08:00", 30 * 7 * 60, None),
    ],
)
def test_the_notice_may_count_only_opening_hours(make_profile, now, minutes, first):
    """Neither the lunch break, nor a night, a weekend or a closed Monday counts; too long a notice leaves no time."""
    profile = make_profile(minimum_notice_open_minutes=minutes, exceptions=[{"date": "2026-01-19"}])
    asked = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Europe/Warsaw")).astimezone(UTC)

    offers = find_free_slots(profile, "massage", from_day=None, days=60, now=asked, occupancy=Occupancy())

    found = offers[0].start.astimezone(ZoneInfo("Europe/Warsaw")).isoformat()[:16] if offers else None
    assert found == first
    assert not offers or refuse_unoffered_start(profile, profile.services[0], offers[0].start, asked) is None


def test_both_kinds_of_notice_count(make_profile, accepted_at):
    """The longer one decides."""
    for open_minutes, minutes, first in ((60, 180, "11:00"), (90, 60, "10:30")):
        profile = make_profile(minimum_notice_open_minutes=open_minutes, minimum_notice_minutes=minutes)
        assert wall_times(on(profile, MONDAY, accepted_at))[0] == first
