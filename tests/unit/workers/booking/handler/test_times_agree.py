"""Ten years in six zones: all outputs about a visit show the same instant and the same local time."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.aws.items import from_item, to_item
from shared.claims import Claim
from shared.messages.errors import ErrorCode
from tests.clock_changes import CHANGING, ZONES, clock_changes, days
from tests.unit.workers.booking.ics_rules import read_with_ical
from workers.booking.adapters.appointment_item import appointment_to_item, item_to_appointment
from workers.notifications.adapters.email_templates import JinjaEmailTemplates

ALL_DAY = {
    name: ["00:00-24:00"] for name in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
VISIT = {"id": "visit", "name": {"pl": "Wizyta", "en": "Visit"}, "duration_minutes": 30, "buffer_after_minutes": 10}
LENGTH = timedelta(minutes=30)
EMAIL_TEMPLATES = JinjaEmailTemplates()
LINE = re.compile(r"^    (.*\d\d:\d\d)(?: \(GMT([+-]\d\d:\d\d)\))? \(([\w/]+)\)$", re.MULTILINE)
POLISH_MONTHS = (
    *("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca"),
    *("lipca", "sierpnia", "września", "października", "listopada", "grudnia"),
)
WEEKDAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "pl": ["poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"],
}
SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def open_business(new_world, zone, day, **fields):
    """Return a business that is always open, some days before `day`."""
    world = new_world(time_zone=zone, services=[VISIT], opening_hours=ALL_DAY, horizon_days=30, **fields)
    world.clock.set(datetime(day.year, day.month, day.day, 6, tzinfo=UTC) - timedelta(days=9))
    return world


async def listed(world, day):
    """Return the starts of a day as they are sent over the wire."""
    question = world.command("slots", service="visit", days=1, **{"from": str(day)})
    claim = await world.claims.claim(question.claim_key, fingerprint="f", lease=timedelta(seconds=30))
    assert isinstance(claim, Claim)
    await world.handler.handle(question, claim)
    return [slot["start"] for slot in world.poster.frames("tab")[-1]["data"]["slots"]]


async def booked(world, start):
    """Hold a time and confirm it; return the confirming frame."""
    pending = await world.create(start, service="visit")
    assert pending.type == "booking.pending", pending.data
    appointment_id = pending.data.appointment_id
    confirmed = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    assert confirmed.type == "booking.confirmed", confirmed.data
    assert pending.data.start == confirmed.data.start
    return confirmed


def assert_local_time(notice_types, instant, zone):
    """Check that a frame's or a notice's text is the instant, with the zone's offset at that time."""
    assert notice_types == instant
    assert notice_types.utcoffset() == instant.astimezone(ZoneInfo(zone)).utcoffset()


def assert_file_agrees(ics, instant, zone):
    """Check that two independent parsers read the same visit from the file, at its local time."""
    [one] = icalendar.Calendar.from_ical(ics).walk("VEVENT")
    [other] = read_with_ical(ics).events
    for start, end in ((one["dtstart"].dt, one["dtend"].dt), (other.dtstart, other.dtend)):
        assert (start, end) == (instant, instant + LENGTH)
        assert start.utcoffset() in {instant.astimezone(ZoneInfo(zone)).utcoffset(), timedelta(0)}


async def assert_emails_agree(world, notices, instant):
    """Check that an e-mail has the local date, weekday and time in either language."""
    profile = await world.tenants.get_profile("salon-ania")
    wall = instant.astimezone(profile.zone)
    for notice in notices:
        assert_local_time(notice.data.start, instant, profile.time_zone)
        assert notice.data.end == instant + LENGTH
        if hasattr(notice, "ics"):
            assert_file_agrees(notice.ics, instant, profile.time_zone)
        for language in ("en", "pl"):
            code = "123456" if notice.type == "notice.code" else None
            email = EMAIL_TEMPLATES.render(notice.model_copy(update={"locale": language}), profile, code=code)
            [(written, offset, zone)] = LINE.findall(email.text)
            assert zone == profile.time_zone
            # Only if the clocks show the hour twice does it need the offset.
            is_twice = wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
            assert offset == (wall.isoformat()[-6:] if is_twice else "")
            weekday, rest = written.split(", ", 1)
            assert weekday == WEEKDAYS[language][wall.weekday()]
            assert read(rest, language) == wall.replace(tzinfo=None)


def read(written, language):
    """Parse a date as an e-mail writes it."""
    if language == "en":
        return datetime.strptime(written, "%d %B %Y, %H:%M")  # noqa: DTZ007 - a time on a wall has no zone
    day, month, year, clock = re.fullmatch(r"(\d+) (\w+) (\d+), godz\. (\d\d:\d\d)", written).groups()
    return datetime.fromisoformat(f"{year}-{POLISH_MONTHS.index(month) + 1:02}-{int(day):02}T{clock}")


async def assert_stored(world, appointment_id, instant):
    """Check that the table has what was written, to the second and in UTC."""
    appointment = await world.appointment(appointment_id)
    assert (appointment.start, appointment.end) == (instant, instant + LENGTH)
    assert item_to_appointment(from_item(to_item(appointment_to_item(appointment)))) == appointment
    row = appointment_to_item(appointment)
    assert row["start"] == instant.astimezone(UTC).isoformat()


@pytest.mark.exhaustive
@SLOW
@given(day=days(), pick=st.integers(0, 1000), other=st.integers(0, 1000), spelled=st.sampled_from(["wire", "utc"]))
async def test_all_outputs_show_the_same_time(new_world, day, pick, other, spelled):
    """List, hold, confirm, move and cancel: wire, table, calendar, files and e-mails agree."""
    zone, on = day
    world = open_business(new_world, zone, on)
    starts = await listed(world, on)
    start, later = (datetime.fromisoformat(starts[number % len(starts)]) for number in (pick, other))
    assert_local_time(start, start.astimezone(UTC), zone)
    request = start.isoformat() if spelled == "wire" else start.astimezone(UTC).isoformat()

    confirmed = await booked(world, request)
    appointment_id = confirmed.data.appointment_id
    await assert_stored(world, appointment_id, start)
    assert_local_time(confirmed.data.start, start, zone)
    assert_file_agrees(confirmed.data.ics, start, zone)
    [event] = world.events
    assert (event.start, event.end, event.time_zone) == (start, start + LENGTH, zone)
    await assert_emails_agree(world, world.notices.delivered, start)

    notice_types = len(world.notices.delivered)
    moved = await world.send("reschedule", appointment_id=appointment_id, start=later.isoformat())
    assert moved.type == "booking.rescheduled", moved.data
    await assert_stored(world, appointment_id, later)
    assert_local_time(moved.data.start, later, zone)
    assert_file_agrees(moved.data.ics, later, zone)
    [event] = world.events
    assert (event.start, event.end, event.time_zone) == (later, later + LENGTH, zone)

    cancelled = await world.send("cancel", appointment_id=appointment_id)
    assert_local_time(cancelled.data.start, later, zone)
    await assert_emails_agree(world, world.notices.delivered[notice_types:], later)


@SLOW
@given(day=days())
async def test_a_day_offers_each_of_its_half_hours_once(new_world, day):
    """A day with a gap is shorter, one with a fold longer; no start is listed twice, and no skipped one is listed."""
    zone, on = day
    starts = [datetime.fromisoformat(start) for start in await listed(open_business(new_world, zone, on), on)]

    walls = [start.replace(tzinfo=None) for start in starts]
    assert {wall.date() for wall in walls} == {on}
    midnight, next_midnight = (
        datetime(each.year, each.month, each.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for each in (on, on + timedelta(days=1))
    )
    assert starts == [midnight + LENGTH * number for number in range((next_midnight - midnight) // LENGTH)]


@pytest.mark.parametrize("zone", CHANGING)
async def test_a_skipped_time_is_refused(new_world, zone):
    """Every gap of ten years, from its first minute to its last: INVALID_TIME, and nothing is written."""
    for change in (one for one in clock_changes(zone) if one.is_gap):
        world = open_business(new_world, zone, change.wall.date())
        for within in (timedelta(0), change.length / 2, change.length - timedelta(minutes=1)):
            skipped = (change.wall + within).isoformat(timespec="minutes")
            refused = await world.create(skipped, service="visit")
            assert (skipped, refused.type) == (skipped, "error")
            assert refused.data.code == ErrorCode.INVALID_TIME
        assert (world.appointments.writes, world.notice_types, world.events) == (0, [], [])

        confirmed = await booked(world, (change.wall + change.length).isoformat(" ", "minutes"))
        assert confirmed.data.start == change.instant


@pytest.mark.exhaustive
@pytest.mark.parametrize("zone", CHANGING)
@pytest.mark.parametrize("second", [False, True])
async def test_a_repeated_time_means_the_first(new_world, zone, second):
    """Every fold of ten years: without an offset the earlier instant is meant, otherwise the one with that offset."""
    for change in (one for one in clock_changes(zone) if not one.is_gap):
        world = open_business(new_world, zone, change.wall.date())
        start = change.instant if second else change.instant - change.length
        offset = start.astimezone(ZoneInfo(zone)).isoformat()[-6:] if second else ""

        confirmed = await booked(world, change.wall.isoformat(" ", "minutes") + offset)

        await assert_stored(world, confirmed.data.appointment_id, start)
        assert confirmed.data.start.replace(tzinfo=None) == change.wall
        assert_local_time(confirmed.data.start, start, zone)
        assert_file_agrees(confirmed.data.ics, start, zone)
        await assert_emails_agree(world, world.notices.delivered, start)
        assert [event.start for event in world.events] == [start]


def test_the_ten_years_contain_the_expected_clock_changes():
    """Four of the zones change their clocks twice a year, Lord Howe by half an hour; two never do."""
    for zone in ZONES:
        found = clock_changes(zone)
        assert [change.is_gap for change in found].count(True) == (10 if zone in CHANGING else 0)
        assert len(found) == (20 if zone in CHANGING else 0)
        length = timedelta(minutes=30) if zone == "Australia/Lord_Howe" else timedelta(hours=1)
        assert {change.length for change in found} <= {length}
