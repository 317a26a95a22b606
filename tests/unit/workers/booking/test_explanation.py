"""Why a time is not offered: every rule that blocks it is named, and no other."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.tenants.profile import TenantProfile
from tests.unit.workers.booking.conftest import WEEKDAYS
from tests.unit.workers.booking.test_hours_properties import DAY, MINUTE, occupancy_of, situations
from workers.booking.domain.explanation import Block, Question, Rule, explain_start
from workers.booking.domain.grid import is_too_fine
from workers.booking.domain.lanes import Occupancy, select_free_lanes
from workers.booking.domain.slots import find_free_slots
from workers.booking.domain.values import Interval

WARSAW = ZoneInfo("Europe/Warsaw")


@st.composite
def questions(draw):
    """Draw a situation with full days, and a time: as often as not one that is offered, or close to one."""
    content, now, busy = draw(situations())
    today = now.astimezone(ZoneInfo(content["time_zone"])).date()
    full_days = {(today + DAY * draw(st.integers(0, 2)), draw(st.sampled_from([None, "visit"])))}
    full_days = draw(st.just(set()) | st.just(full_days))
    offers = find((content, now, busy, full_days))
    begin = now.replace(minute=0, second=0)
    start = begin + MINUTE * 5 * draw(st.integers(-200, (content["horizon_days"] + 2) * 288))
    if offers and draw(st.booleans()):
        start = draw(st.sampled_from(offers)) + MINUTE * 5 * draw(st.sampled_from([0, 0, 1, -1, 12, -288]))
    return (content, now, busy, full_days), start


def find(situation, start=None):
    """Return all starts that are offered, or those of the date of `start`."""
    content, now, busy, full_days = situation
    profile, times = TenantProfile.model_validate(content), occupancy_of(busy)
    occupancy = Occupancy(times.everywhere, times.lanes, full_days)
    day = start and start.astimezone(profile.zone).date()
    offers = find_free_slots(profile, None, from_day=day, days=1 if day else 60, now=now, occupancy=occupancy)
    return [offer.start for offer in offers]


def explain(situation, start):
    content, now, busy, full_days = situation
    profile, times = TenantProfile.model_validate(content), occupancy_of(busy)
    occupancy = Occupancy(times.everywhere, times.lanes, full_days)
    return explain_start(Question(profile, profile.services[0], start, now, occupancy))


def relax(situation, block, start):
    """Return a situation without one rule: what the owner, or time, would have to change."""
    content, now, busy, full_days = situation
    if block.rule is Rule.PAST:
        now = start - timedelta(days=content["horizon_days"]) + timedelta(hours=3)
    elif block.rule is Rule.OCCUPIED:
        busy = {}
    elif block.rule in {Rule.BUSINESS_CAP, Rule.SERVICE_CAP}:
        full = "visit" if block.rule is Rule.SERVICE_CAP else None
        full_days = {each for each in full_days if each[1] != full}
    else:
        content = content | relax_content(content, block, start)
    return content, now, busy, full_days


def relax_content(content, block, start):
    """Return the fields of a profile that change."""
    day = start.astimezone(ZoneInfo(content["time_zone"])).date()
    [service] = content["services"]
    minutes_left = block.at and (block.at - start) // MINUTE
    always = [{"date": str(day + DAY * number), "hours": ["00:00-24:00"]} for number in range(-1, 3)]
    every_time = {"services": [service | {"step_minutes": 5}]}
    changes = {
        Rule.HORIZON: {"horizon_days": 30},
        Rule.NOTICE: {"minimum_notice_minutes": 0},
        Rule.OPEN_NOTICE: {"minimum_notice_open_minutes": 0},
        Rule.EXCEPTION: {"exceptions": [one for one in content["exceptions"] if one["date"] != str(block.day)]},
        Rule.CLOSED_RANGE: {
            "closed_ranges": [
                one for one in content["closed_ranges"] if not one["first"] <= str(block.day) <= one["last"]
            ]
        },
        Rule.OPENING_HOURS: {"exceptions": always, "merge_adjoining_periods": True, **every_time},
        Rule.CLOSING: {"services": [service | {"duration_minutes": minutes_left}]},
        Rule.RESOURCE_HOURS: {"resources": [{"id": resource["id"]} for resource in content["resources"]]},
        Rule.STEP: every_time,
    }
    return changes[Rule.OPENING_HOURS if block.rule is Rule.BREAK else block.rule]


def check_explanation(question):
    """Check that the named rules, and nothing else, keep a time from being offered."""
    situation, start = question
    blocks = explain(situation, start)

    assert (not blocks) == (start in find(situation, start))
    assert len({(block.rule, block.day) for block in blocks}) == len(blocks)
    relaxed = situation
    for number, block in enumerate(blocks):
        assert start not in find(relaxed, start), f"{blocks[:number]} were enough"
        relaxed = relax(relaxed, block, start)
    assert start in find(relaxed, start), blocks


SATURDAY = datetime(2026, 3, 28, tzinfo=UTC)
A_DAY_AND_A_BUSY_MINUTE = (
    (
        {
            "name": "Salon Ania",
            "time_zone": "Asia/Kathmandu",
            "calendar_id": "calendar",
            "services": [{"id": "visit", "name": {"en": "Visit"}, "duration_minutes": 1440, "step_minutes": 25}],
            "resources": [],
            "opening_hours": {day: ["00:00-24:00"] if day == "saturday" else [] for day in WEEKDAYS},
            "exceptions": [],
            "closed_ranges": [],
            "minimum_notice_minutes": 0,
            "horizon_days": 1,
        },
        SATURDAY,
        {"": [Interval(SATURDAY + MINUTE, SATURDAY + 2 * MINUTE)]},
        set(),
    ),
    SATURDAY,
)
"""A visit that is not over at the closing time, and whose second minute is occupied."""


@pytest.mark.exhaustive
@settings(max_examples=100)
@given(question=questions())
@example(question=A_DAY_AND_A_BUSY_MINUTE)
def test_relaxing_the_named_rules_frees_the_time(question):
    """Relaxing the named rule alone if there is one, or all of them, and never fewer; an offered time has none."""
    check_explanation(question)


@pytest.mark.soak
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck), deadline=None)
@given(question=questions())
def test_relaxing_the_named_rules_frees_the_time_in_ten_thousand_cases(question):
    """The same for many random profiles and times."""
    check_explanation(question)


def at(wall):
    return datetime.fromisoformat(wall).replace(tzinfo=WARSAW).astimezone(UTC)


NOTICE, OPEN_NOTICE = (Block(rule, at=at("2026-01-12T11:00")) for rule in (Rule.NOTICE, Rule.OPEN_NOTICE))
STEP = Block(Rule.STEP, at=at("2026-01-12T09:00"))
SALON = {
    "public_holidays": "PL",
    "exceptions": [{"date": "2026-01-15", "hours": ["12:00-14:00"]}],
    "closed_ranges": [{"first": "2026-01-20", "last": "2026-01-21"}],
    "minimum_notice_minutes": 60,
    "minimum_notice_open_minutes": 120,
}
HOUR = [{"id": "cut", "name": {"en": "Cut"}, "duration_minutes": 60, "resources": ["anna", "tom"]}]
STAFF = [
    {"id": "anna", "opening_hours": {"monday": ["09:00-17:00"], "tuesday": ["09:00-17:00"]}},
    {"id": "tom", "opening_hours": {"monday": ["09:15-12:00"]}},
]


@pytest.mark.parametrize(
    ("start", "blocks"),
    [
        ("2026-01-13T10:00", []),
        ("2026-01-12T07:00", [Block(Rule.PAST), Block(Rule.OPENING_HOURS)]),
        ("2026-01-12T08:30", [NOTICE, OPEN_NOTICE, Block(Rule.OPENING_HOURS)]),
        ("2026-01-12T10:00", [OPEN_NOTICE]),
        ("2026-01-12T12:30", [Block(Rule.BREAK)]),
        ("2026-01-12T11:30", [Block(Rule.CLOSING, at=at("2026-01-12T12:00"))]),
        ("2026-01-12T11:58", [Block(Rule.CLOSING, at=at("2026-01-12T12:00")), STEP]),
        ("2026-01-12T13:10", [Block(Rule.STEP, at=at("2026-01-12T13:00"))]),
        ("2026-01-13T20:00", [Block(Rule.OPENING_HOURS)]),
        ("2026-01-15T09:00", [Block(Rule.EXCEPTION, date(2026, 1, 15))]),
        ("2026-01-20T09:00", [Block(Rule.CLOSED_RANGE, date(2026, 1, 20))]),
        ("2026-02-12T09:00", [Block(Rule.HORIZON)]),
        ("2027-01-06T09:00", [Block(Rule.HORIZON), Block(Rule.PUBLIC_HOLIDAY, date(2027, 1, 6))]),
        ("2026-01-17T09:00", [Block(Rule.OPENING_HOURS)]),
    ],
)  # fmt: skip
def test_the_rule_is_named_with_what_it_says(make_profile, accepted_at, start, blocks):
    """The first service lasts an hour and starts every half hour, from 9 to 12 and from 13 to 17 o'clock."""
    profile = make_profile(**SALON)
    question = Question(profile, profile.services[0], at(start), accepted_at, Occupancy())

    assert list(explain_start(question)) == blocks


@pytest.mark.parametrize(
    ("start", "occupied", "blocks"),
    [
        ("2026-01-12T09:00", (), []),
        ("2026-01-12T09:15", (), []),
        ("2026-01-12T09:00", ("anna",), [Block(Rule.OCCUPIED, lanes=("anna",))]),
        ("2026-01-13T10:00", ("anna",), [Block(Rule.OCCUPIED, lanes=("anna",))]),
        ("2026-01-12T09:30", (), [Block(Rule.STEP, at=at("2026-01-12T09:00"))]),
        ("2026-01-13T10:10", (), [Block(Rule.STEP, at=at("2026-01-13T09:00"))]),
        ("2026-01-14T10:00", (), [Block(Rule.RESOURCE_HOURS)]),
    ],
)
def test_the_hours_of_resources_are_rules_too(make_profile, accepted_at, start, occupied, blocks):
    """Each resource has steps from its own beginning; a time that one of them offers is blocked only by its visits."""
    profile = make_profile(services=HOUR, resources=STAFF)
    times = {lane: [Interval(at(start), at(start) + timedelta(hours=1))] for lane in occupied}
    question = Question(profile, profile.services[0], at(start), accepted_at, Occupancy((), times))

    assert list(explain_start(question)) == blocks


def test_a_night_names_what_closes_its_own_date(make_profile, accepted_at):
    """Monday's hours last until two o'clock on Tuesday, but this Monday is closed."""
    profile = make_profile(hours=("22:00-02:00",), closed_ranges=[{"first": "2026-01-19", "last": "2026-01-19"}])
    question = Question(profile, profile.services[0], at("2026-01-20T00:30"), accepted_at, Occupancy())

    assert explain_start(question) == (Block(Rule.CLOSED_RANGE, date(2026, 1, 19)),)


@pytest.mark.parametrize(
    ("first", "last", "is_occupied"), [(-20, 0, False), (0, 1, True), (5, 10, True), (29, 30, True), (30, 40, False)]
)
def test_what_occupies_the_visit_until_the_closing_is_named_too(make_profile, accepted_at, first, last, is_occupied):
    """A visit of an hour, half an hour before the closing: later hours alone would not free its time."""
    start, profile = at("2026-01-12T11:30"), make_profile()
    busy = Interval(start + first * MINUTE, start + last * MINUTE)
    question = Question(profile, profile.services[0], start, accepted_at, Occupancy([busy]))

    rules = [block.rule for block in explain_start(question)]
    assert rules == [Rule.CLOSING, Rule.OCCUPIED][: 1 + is_occupied]


def test_a_full_day_is_named(make_profile, accepted_at):
    """Of the business, and of the service."""
    profile, tuesday = make_profile(), date(2026, 1, 13)
    for full, rules in (
        ({(tuesday, None)}, [Rule.BUSINESS_CAP]),
        ({(tuesday, "massage"), (tuesday, None)}, [Rule.BUSINESS_CAP, Rule.SERVICE_CAP]),
        ({(tuesday, "consultation")}, []),
    ):
        occupancy = Occupancy(full_days=full)
        question = Question(profile, profile.services[0], at("2026-01-13T10:00"), accepted_at, occupancy)
        assert [block.rule for block in explain_start(question)] == rules


def test_a_day_whose_grid_is_too_fine_is_explained(make_profile):
    """Its first booking had a finer profile: a long visit fits on no time of the day, and on the next day it does."""
    services = [{"id": "long", "name": {"en": "Long"}, "duration_minutes": 480}]
    profile = make_profile(services=services, opening_hours={key: ["08:00-18:00"] for key in WEEKDAYS})
    now, start = datetime(2026, 1, 12, 0, tzinfo=UTC), datetime(2026, 1, 13, 7, tzinfo=UTC)
    fine = Occupancy(day_grids={start.date(): 5})
    for occupancy, blocks in [
        (fine, [Rule.GRID]),
        (Occupancy(day_grids={start.date(): 15}), []),
        (
            Occupancy([Interval(start, start + timedelta(hours=1))], day_grids=fine.day_grids),
            [Rule.OCCUPIED, Rule.GRID],
        ),
    ]:
        question = Question(profile, profile.services[0], start, now, occupancy)
        assert [block.rule for block in explain_start(question)] == blocks
        offers = find_free_slots(profile, "long", from_day=date(2026, 1, 13), days=2, now=now, occupancy=occupancy)
        days = {offer.start.date() for offer in offers}
        assert (date(2026, 1, 13) in days, date(2026, 1, 14) in days) == (not blocks, True)
        lanes = select_free_lanes(
            profile, profile.services[0], Interval(start, start + timedelta(hours=8)), occupancy, appointment_id="a"
        )
        assert bool(lanes) is not bool(blocks)


def test_a_visit_over_midnight_counts_the_buckets_of_both_days():
    """By the grid of each; a day without one has no bucket yet that is too small."""
    begin = datetime(2026, 1, 13, 20, tzinfo=UTC)
    night = Interval(begin, begin + timedelta(hours=8))
    for first, second, is_fine in [(5, 5, True), (5, 10, False), (10, 5, False), (5, None, False), (None, None, False)]:
        sizes = {begin.date(): first, date(2026, 1, 14): second}
        assert is_too_fine(night, {day: size for day, size in sizes.items() if size}) is is_fine
    assert not is_too_fine(Interval(begin, begin + timedelta(minutes=450)), {begin.date(): 5, date(2026, 1, 14): 5})
    assert is_too_fine(Interval(begin, begin + timedelta(minutes=451)), {begin.date(): 5, date(2026, 1, 14): 5})
