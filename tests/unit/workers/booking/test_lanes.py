"""Several lanes: a start is free if one lane is, and visits are spread over them."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.tenants.services import parse_lane
from workers.booking.domain.lanes import Occupancy, group_by_lane, select_free_lanes
from workers.booking.domain.slots import find_alternatives, find_free_slots
from workers.booking.domain.values import Interval

RESOURCES = [{"id": "anna"}, {"id": "tom"}, {"id": "room", "seats": 3, "calendar_id": "room@calendar.example"}]
SERVICES = [
    {"id": "cut", "name": {"en": "Cut"}, "duration_minutes": 30, "resources": ["anna", "tom"]},
    {"id": "colour", "name": {"en": "Colour"}, "duration_minutes": 60, "resources": ["tom"]},
    {"id": "class", "name": {"en": "Class"}, "duration_minutes": 60, "resources": ["room"], "max_per_day": 4},
    {"id": "any", "name": {"en": "Anything"}, "duration_minutes": 30},
]


@pytest.fixture(scope="module")
def salon(make_profile):
    return make_profile(resources=RESOURCES, services=SERVICES, hours=("09:00-12:00",), weekend=("09:00-12:00",))


@pytest.fixture
def hour(accepted_at):
    """Return the hour from ten o'clock in Warsaw."""
    return Interval(accepted_at + timedelta(hours=2), accepted_at + timedelta(hours=3))


@pytest.mark.parametrize(
    ("service", "lanes"),
    [
        ("cut", ("anna", "tom")),
        ("colour", ("tom",)),
        ("class", ("room/1", "room/2", "room/3")),
        ("any", ("anna", "tom", "room/1", "room/2", "room/3")),
    ],
)
def test_a_service_has_the_lanes_of_its_resources(salon, service, lanes):
    """A service without resources of its own has those of the whole business."""
    assert salon.list_lanes(salon.find_service(service)) == lanes


def test_a_lane_is_a_resource_and_a_number(salon):
    """A resource with one lane has its first seat."""
    lanes = [lane for resource in salon.resources for lane in resource.lanes]
    assert [parse_lane(lane) for lane in lanes] == [("anna", 1), ("tom", 1), ("room", 1), ("room", 2), ("room", 3)]


def test_a_business_without_resources_has_one_lane(make_profile):
    """It has one visit at a time."""
    profile = make_profile()
    assert profile.list_lanes(profile.services[0]) == ("default",)
    assert profile.calendars == {"calendar": ()}
    assert profile.get_calendar_id("default") == "calendar"


def test_calendars_are_those_of_the_business_and_of_its_resources(salon):
    """A resource's own calendar occupies that resource only."""
    assert salon.calendars == {"calendar": (), "room@calendar.example": ("room/1", "room/2", "room/3")}
    assert (salon.get_calendar_id("room/2"), salon.get_calendar_id("tom")) == ("room@calendar.example", "calendar")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"resources": [{"id": "anna"}, {"id": "anna"}]}, "two resources"),
        ({"services": SERVICES, "resources": [{"id": "anna"}]}, "names the resource 'tom'"),
        ({"resources": [{"id": "Anna"}]}, "pattern"),
        ({"resources": [{"id": "anna", "seats": 0}]}, "greater than or equal to 1"),
        ({"max_visits_per_day": 0}, "greater than or equal to 1"),
    ],
)
def test_a_contradictory_profile_is_refused(make_profile, fields, reason):
    """The message says what is wrong."""
    with pytest.raises(ValidationError, match=reason):
        make_profile(**fields)


def test_a_start_is_free_while_one_lane_is(salon, accepted_at, hour):
    """Both hairdressers must be busy before the hour is not offered."""

    def starts(occupancy):
        offers = find_free_slots(salon, "cut", from_day=None, days=1, now=accepted_at, occupancy=occupancy)
        return [offer.start for offer in offers]

    one, both = {"anna": [hour]}, {"anna": [hour], "tom": [hour]}
    assert hour.start in starts(Occupancy(lanes=one))
    assert hour.start not in starts(Occupancy(lanes=both))
    assert hour.start not in starts(Occupancy(everywhere=[hour]))


def test_a_visit_needs_one_lane_for_its_whole_time(salon, accepted_at, hour):
    """One lane until half past and another afterwards are not enough for an hour."""
    half = timedelta(minutes=30)
    first, second = Interval(hour.start, hour.start + half), Interval(hour.start + half, hour.end)
    occupancy = Occupancy(lanes={"room/1": [first], "room/2": [second], "room/3": [hour]})
    offers = find_free_slots(salon, "class", from_day=None, days=1, now=accepted_at, occupancy=occupancy)
    assert hour.start not in [offer.start for offer in offers]


def test_a_full_day_has_no_starts(salon, accepted_at):
    """A service's cap closes the day for that service, the business's cap for all services."""
    today = date(2026, 1, 12)

    def services(full):
        offers = find_free_slots(
            salon, None, from_day=today, days=1, now=accepted_at, occupancy=Occupancy(full_days=full)
        )
        return {offer.service_id for offer in offers}

    assert services([(today, "class")]) == {"cut", "colour", "any"}
    assert services([(today, None)]) == set()
    occupancy = Occupancy(full_days=[(today, None)])
    wanted = accepted_at + timedelta(hours=2)
    assert {
        one.start.date() for one in find_alternatives(salon, "cut", wanted, now=accepted_at, occupancy=occupancy)
    } > set()
    assert all(
        one.start.date() > today
        for one in find_alternatives(salon, "cut", wanted, now=accepted_at, occupancy=occupancy)
    )


def test_the_lane_that_fewest_services_use_comes_first(salon, hour):
    """Only Tom can colour, so a cut goes to Anna while she is free."""
    cut = salon.find_service("cut")
    orders = {tuple(select_free_lanes(salon, cut, hour, Occupancy(), appointment_id=str(n))) for n in range(50)}
    assert orders == {("anna", "tom")}
    busy = Occupancy(lanes={"anna": [hour]})
    assert select_free_lanes(salon, cut, hour, busy, appointment_id="1") == ["tom"]


def test_visitors_spread_over_equal_lanes(salon, hour):
    """Thirty visitors at the same moment do not all try the same lane first."""
    firsts = [
        select_free_lanes(salon, salon.find_service("class"), hour, Occupancy(), appointment_id=str(n))[0]
        for n in range(30)
    ]
    assert {firsts.count(lane) > 4 for lane in ("room/1", "room/2", "room/3")} == {True}


lanes = st.sampled_from(["anna", "tom", "room/1", "room/2", "room/3"])


@given(
    blocked=st.lists(st.tuples(lanes, st.integers(0, 12), st.integers(1, 8)), max_size=30), service=st.integers(0, 3)
)
def test_the_list_and_the_choice_of_a_lane_agree(salon, accepted_at, blocked, service):
    """A start is listed if and only if there is a lane to book it in."""
    wanted = salon.services[service]
    quarter = timedelta(minutes=15)
    begin = accepted_at + timedelta(hours=1)
    occupied = group_by_lane(
        (lane, Interval(begin + start * quarter, begin + (start + length) * quarter)) for lane, start, length in blocked
    )
    busy = Occupancy(lanes=occupied)

    listed = {
        offer.start
        for offer in find_free_slots(salon, wanted.id, from_day=None, days=1, now=accepted_at, occupancy=busy)
    }

    length = timedelta(minutes=wanted.duration_minutes)
    for number, _ in product(range(0, 12, wanted.step // 15), [0]):
        start = begin + number * quarter
        if start + length <= begin + 12 * quarter:
            free = select_free_lanes(salon, wanted, Interval(start, start + length), busy, appointment_id="a")
            assert (start in listed) == bool(free)


def test_no_starts_are_offered_on_public_holidays(make_profile):
    """Unless an exception says otherwise; regions of a country have their own holidays."""
    profile = make_profile(public_holidays="PL", exceptions=[{"date": "2026-05-01", "hours": ["10:00-12:00"]}])
    assert profile.list_open_periods(date(2026, 11, 11)) == ()
    assert profile.list_open_periods(date(2026, 11, 12)) != ()
    assert len(profile.list_open_periods(date(2026, 5, 1))) == 1
    bavaria, berlin = (make_profile(public_holidays=region) for region in ("DE-BY", "DE-BE"))
    assert (bavaria.list_open_periods(date(2026, 1, 6)), berlin.list_open_periods(date(2026, 1, 6)) != ()) == ((), True)


@pytest.mark.parametrize("region", ["XX", "PL-XX", "", "pl", "Poland!"])
def test_an_unknown_region_of_holidays_is_refused(make_profile, region):
    """The owner gets the error, before a visitor comes to a closed business."""
    with pytest.raises(ValidationError, match="holidays"):
        make_profile(public_holidays=region)


def test_a_resource_takes_visits_in_its_own_hours_while_the_business_is_open(make_profile, accepted_at):
    """Its starts count from where both are open; the other resource has the hours of the business."""
    monday, week = accepted_at.date(), {"monday": ["09:30-09:45", "09:45-13:00"], "tuesday": ["09:00-12:00"]}
    tom = {"id": "tom", "opening_hours": week, "closed_ranges": [{"first": "2026-01-13", "last": "2026-01-20"}]}
    anna = {"id": "anna", "exceptions": [{"date": "2026-01-12", "hours": ["08:00-09:30"]}]}
    salon = make_profile(resources=[tom, anna], services=[SERVICES[0]], hours=("09:00-11:15",))

    def starts(day, lanes=()):
        occupied = {lane: [Interval(accepted_at, accepted_at + timedelta(days=9))] for lane in lanes}
        offers = find_free_slots(salon, "cut", from_day=day, days=1, now=accepted_at, occupancy=Occupancy((), occupied))
        return [offer.start.astimezone(salon.zone).strftime("%H:%M") for offer in offers]

    assert starts(monday) == ["09:00", "09:30", "10:00", "10:30"]
    assert starts(monday, ["tom"]) == ["09:00"]
    assert starts(monday, ["anna"]) == ["09:30", "10:00", "10:30"]
    assert starts(monday + timedelta(days=1), ["anna"]) == []
    assert starts(monday + timedelta(days=1), ["tom"]) == ["09:00", "09:30", "10:00", "10:30"]
    cut = salon.services[0]
    for hours_later, lanes in ((1, ["anna"]), (1.5, ["tom"]), (1.25, []), (25.5, ["anna"])):
        visit = Interval(accepted_at + timedelta(hours=hours_later), accepted_at + timedelta(hours=hours_later + 0.5))
        assert select_free_lanes(salon, cut, visit, Occupancy(), appointment_id="1") == lanes
