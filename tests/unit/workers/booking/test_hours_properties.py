"""Checks the search with every rule about hours against a reference that knows only five-minute cells.

The reference reads the text of the profile itself: it shares no code with the search.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tenants.profile import TenantProfile
from tests.unit.workers.booking.conftest import WEEKDAYS
from tests.unit.workers.booking.test_slots_properties import DAYS, FIVE, MINUTE, buffers
from workers.booking.domain.hold import compute_blocked_interval
from workers.booking.domain.lanes import Occupancy, select_free_lanes
from workers.booking.domain.slots import find_free_slots, refuse_unoffered_start
from workers.booking.domain.values import Interval

DAY = timedelta(days=1)
FEWER = settings(max_examples=settings.default.max_examples // 3)
"""The reference is slow, and other tests run it with fewer rules."""

AROUND = 3
"""How many dates before and after the search the reference looks at."""


@cache
def list_cells(zone, first, count):
    """Return the instants of every five minutes of these dates, with the time on the wall."""
    begin = datetime.combine(first, datetime.min.time(), tzinfo=UTC) - DAY
    instants = (begin + FIVE * number for number in range((count + 2) * 288))
    return [(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in instants]


@cache
def find_cell(zone, first, count, wall):
    """Return the number of the first cell that shows a time on the wall, or a later one."""
    return next(number for number, (_, each) in enumerate(list_cells(zone, first, count)) if each >= wall)


def list_periods(rules, business, day):
    """Return the periods of a date as they are written: an exception, a closed range, or the weekday."""
    for exception in rules["exceptions"]:
        if exception["date"] == str(day):
            return exception["hours"]
    if any(one["first"] <= str(day) <= one["last"] for one in rules["closed_ranges"]):
        return []
    if "opening_hours" not in rules:
        return list_periods(business, business, day)
    return rules["opening_hours"][WEEKDAYS[day.weekday()]]


def number_open_cells(grid, rules, business):
    """Return the number of the period that each cell belongs to, None for a cell that is closed.

    A business's period over midnight ends when one of the next date begins.
    """
    _, first, count = grid
    numbers = [None] * len(list_cells(*grid))
    for day in (first + DAY * number for number in range(count)):
        midnight = datetime.combine(day, datetime.min.time())
        for text in list_periods(rules, business, day):
            opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
            closes += 1440 * (closes < opens)
            begin, end = (find_cell(*grid, midnight + MINUTE * minutes) for minutes in (opens, closes))
            if rules is business and begin < end:
                numbers[begin:] = [None] * len(numbers[begin:])
            numbers[begin:end] = [begin] * (end - begin)
    return numbers


def reference_starts(content, now, busy):
    """Return the starts of the only service, found cell by cell for each resource."""
    zone = ZoneInfo(content["time_zone"])
    today = now.astimezone(zone).date()
    grid = zone, today - DAY * AROUND, content["horizon_days"] + 2 * AROUND + 1
    opening_numbers = number_open_cells(grid, content, content)
    found = set()
    for resource in content["resources"] or [{"id": "default"}]:
        numbers = opening_numbers
        if len(resource) > 1:
            present = number_open_cells(grid, resource, content)
            numbers = [number if there is not None else None for number, there in zip(numbers, present, strict=True)]
        occupied = busy.get("", []) + busy.get(resource["id"], [])
        found.update(starts_of_lane(content, now, list_cells(*grid), numbers, occupied))
    needed = MINUTE * content["minimum_notice_open_minutes"]
    open_times = sum_open_times(list_cells(*grid), opening_numbers, now)
    return sorted(start for start in found if open_times[start] >= needed)


def sum_open_times(cells, numbers, begin):
    """Return how long the business is open from an instant to the beginning of each cell."""
    lengths = (
        max(cell + FIVE - max(begin, cell), timedelta(0)) if number is not None else timedelta(0)
        for (cell, _), number in zip(cells, numbers, strict=True)
    )
    sums = accumulate(lengths, initial=timedelta(0))
    return {cell: total for (cell, _), total in zip(cells, sums, strict=False)}


def starts_of_lane(content, now, cells, numbers, occupied):
    """Return the starts that these cells and occupied times allow."""
    [service] = content["services"]
    today = now.astimezone(ZoneInfo(content["time_zone"])).date()
    length, step = service["duration_minutes"] // 5, service["step_minutes"] // 5
    found, opening = [], 0
    for cell, (start, wall) in enumerate(cells):
        if cell and numbers[cell] != numbers[cell - 1]:
            opening = cell
        if numbers[cell] is None or (cell - opening) % step or start < now:
            continue
        periods = set(numbers[cell : cell + length])
        blocked = Interval(
            start - MINUTE * service["buffer_before_minutes"],
            start + FIVE * length + MINUTE * service["buffer_after_minutes"],
        )
        if (
            None not in periods
            and (len(periods) == 1 or content["merge_adjoining_periods"])
            and start >= now + MINUTE * content["minimum_notice_minutes"]
            and today <= wall.date() <= today + DAY * content["horizon_days"]
            and not any(blocked.overlaps(interval) for interval in occupied)
        ):
            found.append(start)
    return found


@st.composite
def adjoining_hours(draw):
    """Draw the periods of a day, some of which begin when another ends, or at midnight."""
    edges = draw(st.sets(st.integers(0, 48), max_size=3)) | draw(st.sampled_from([{0, 48}, {18, 34}, set()]))
    clock = [f"{half_hours // 2:02}:{half_hours % 2 * 30:02}" for half_hours in sorted(edges)]
    periods = [f"{opens}-{closes}" for opens, closes in pairwise(clock)]
    if clock and "16:00" <= clock[-1] < "24:00":
        periods.append(clock[-1] + draw(st.sampled_from(["-00:30", "-02:00", "-02:30", "-08:00"])))
    return [period for period in periods if draw(st.integers(0, 3))]


def end_nights(week):
    """Return a week whose periods over midnight end before the next day begins, as a profile must."""
    for weekday, after in zip(WEEKDAYS, (*WEEKDAYS[1:], WEEKDAYS[0]), strict=True):
        night, begin = week[weekday][-1:], min(week[after], default="24:00")[:5]
        if night and night[0][6:] < night[0][:5] and night[0][6:] > begin:
            week[weekday] = week[weekday][:-1]
    return week


@st.composite
def hours_rules(draw, near):
    """Draw a week, a date with hours of its own, and dates that are closed."""
    ends = sorted(draw(st.lists(st.sampled_from(near), min_size=2, max_size=2)))
    exceptions = draw(st.sets(st.sampled_from(near), max_size=1))
    return {
        "opening_hours": end_nights({weekday: draw(adjoining_hours()) for weekday in WEEKDAYS}),
        "exceptions": [{"date": date, "hours": draw(adjoining_hours())} for date in exceptions],
        "closed_ranges": draw(st.just([]) | st.just([{"first": ends[0], "last": ends[1]}])),
    }


@st.composite
def situations(draw):
    """Draw the content of a profile, an instant, and the occupied times of each resource and (`""`) of all."""
    zone = draw(st.sampled_from(sorted(DAYS)))
    day = draw(st.sampled_from(DAYS[zone]))
    near = [str(day + DAY * number) for number in range(-1, 4)]
    resources = [{"id": name} for name in draw(st.sampled_from([(), ("anna",), ("anna", "tom")]))]
    for resource in resources:
        if draw(st.booleans()):
            resource.update(draw(hours_rules(near)))
            if draw(st.booleans()):
                del resource["opening_hours"]
    content = {
        "name": "Salon Ania",
        "time_zone": zone,
        "calendar_id": "calendar",
        "services": [
            {
                "id": "visit",
                "name": {"en": "Visit"},
                "duration_minutes": draw(st.sampled_from([30, 60, 90, 240, 1440])),
                "step_minutes": draw(st.sampled_from([25, 30, 60, 90])),
                "buffer_before_minutes": draw(buffers),
                "buffer_after_minutes": draw(buffers),
            }
        ],
        "resources": resources,
        **draw(hours_rules(near)),
        "merge_adjoining_periods": draw(st.booleans()),
        "minimum_notice_minutes": draw(st.sampled_from([0, 60, 600])),
        "minimum_notice_open_minutes": draw(st.sampled_from([0, 0, 1, 90, 600, 5000])),
        "horizon_days": draw(st.integers(1, 3)),
    }
    now = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 90_000)))
    busy = {}
    for start, length in draw(st.lists(st.tuples(st.integers(0, 3 * 1440), st.integers(1, 300)), max_size=8)):
        interval = Interval(now + MINUTE * start, now + MINUTE * (start + length))
        busy.setdefault(draw(st.sampled_from(["", "anna", "tom"])), []).append(interval)
    return content, now, busy


def occupancy_of(busy):
    return Occupancy(busy.get("", ()), {name: times for name, times in busy.items() if name})


@pytest.mark.exhaustive
@FEWER
@given(situation=situations())
def test_the_search_equals_the_reference(situation):
    """Exactly the same starts are offered: none too many, none missing."""
    content, now, busy = situation
    profile = TenantProfile.model_validate(content)

    offers = find_free_slots(profile, None, from_day=None, days=60, now=now, occupancy=occupancy_of(busy))

    assert [offer.start for offer in offers] == reference_starts(content, now, busy)


@FEWER
@given(situation=situations())
def test_each_offered_start_can_be_booked(situation):
    """The single check agrees with the list, a lane takes the visit, and each date lists the starts that it shows."""
    content, now, busy = situation
    profile = TenantProfile.model_validate(content)
    [service] = profile.services
    occupancy = occupancy_of(busy)
    today = now.astimezone(profile.zone).date()

    for number in range(content["horizon_days"] + 1):
        day = today + DAY * number
        for offer in find_free_slots(profile, "visit", from_day=day, days=1, now=now, occupancy=occupancy):
            blocked = compute_blocked_interval(service, offer.start)
            assert offer.start.astimezone(profile.zone).date() == day
            assert offer.end - offer.start == timedelta(minutes=service.duration_minutes)
            assert refuse_unoffered_start(profile, service, offer.start, now) is None
            assert select_free_lanes(profile, service, blocked, occupancy, appointment_id="a")
