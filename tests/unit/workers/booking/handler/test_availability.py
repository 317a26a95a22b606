"""Free times for a visitor."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import TransientError
from shared.messages.limits import MAX_FRAME_BYTES
from shared.tenants.profile_types import Translated
from workers.booking.domain.values import Interval

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=30)


async def request_slots(world, **data):
    """Request free times; return the data of the one frame that answers."""
    frame = await world.ask("slots", **data)
    assert frame["type"] == "booking.slots"
    return frame["data"]


def starts(data):
    return [slot["start"] for slot in data["slots"]]


async def test_free_times_include_the_services(world):
    """They are sorted and in the tenant's zone; the services have their names in the visitor's language."""
    data = await request_slots(world, **{"service": "massage", "from": "2026-01-13", "days": 1})

    assert starts(data)[:2] == ["2026-01-13T09:00:00+01:00", "2026-01-13T09:30:00+01:00"]
    assert data["slots"][0]["end"] == "2026-01-13T10:00:00+01:00"
    assert starts(data) == sorted(starts(data))
    assert data["services"][0] == {"id": "massage", "name": "Massage", "duration_minutes": 60}
    assert [service["id"] for service in data["services"]] == ["massage", "consultation"]
    assert data["time_zone"] == "Europe/Warsaw"


async def test_free_times_include_prices_and_how_to_find_the_business(new_world):
    """Where the profile has them, in the visitor's language; a frame stays small enough whatever is written."""
    address = "\N{GRINNING FACE}" * 200
    world = new_world(
        address={"pl": "Długa 5", "en": address},
        phone="+48 22 123 45 67",
        resources=[{"id": "room"}],
        cancellation_fee={"pl": "połowa ceny", "en": address},
    )
    profiles = world.tenants.blocking.profiles
    massage, *others = profiles["salon-ania"].services
    massage = massage.model_copy(update={"price": Translated({"pl": "od 120 zł", "en": "from PLN 120"})})
    profiles["salon-ania"] = profiles["salon-ania"].model_copy(update={"services": (massage, *others)})

    frame = await world.ask("slots", days=60)
    data = frame["data"]
    assert (data["address"], data["phone"], data["cancellation_fee"]) == (address, "+48 22 123 45 67", address)
    assert [service.get("price") for service in data["services"]] == ["from PLN 120", None]
    assert "next_from" in data
    assert len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()) <= MAX_FRAME_BYTES

    held = await world.held()
    details = (await world.ask("lookup", appointment_id=held))["data"]
    assert (details["price"], details["address"], details["phone"]) == ("from PLN 120", address, "+48 22 123 45 67")
    assert details["cancellation_fee"] == address


@pytest.mark.parametrize(("hour", "opens_at"), [(8, None), (20, "2026-01-13T09:00:00+01:00")])
async def test_outside_business_hours_the_opening_is_named(world, hour, opens_at):
    """In its own zone; while it is open there is nothing to name."""
    world.clock.set(datetime(2026, 1, 12, hour, 30, tzinfo=UTC))
    assert (await request_slots(world)).get("opens_at") == opens_at


async def test_a_query_stores_nothing(world):
    """Free times become outdated, so they are not stored; only the command is recorded as completed."""
    await request_slots(world)

    assert (world.frames(), world.appointments.writes, world.notices.bodies) == ([], 0, [])


async def test_without_a_service_all_are_listed(world):
    """From today, for two weeks."""
    data = await request_slots(world)

    assert {slot["service"] for slot in data["slots"]} == {"massage", "consultation"}
    assert starts(data)[0].startswith("2026-01-12")


async def test_an_occupied_time_is_not_listed(world):
    """Held times with their buffers, confirmed visits, and other events in the calendar."""
    await world.held("2026-01-13T10:00", service="consultation", session="another")
    await world.confirmed("2026-01-13T13:00", session="third")
    world.calendar.block(Interval(NINE_UTC + 6 * HOUR, NINE_UTC + 7 * HOUR))

    data = await request_slots(world, **{"service": "massage", "from": "2026-01-13", "days": 1})
    assert [start[11:16] for start in starts(data)] == ["11:00", "14:00", "14:30", "15:00"]


async def test_an_expired_hold_is_listed_again(world):
    """The instant at which the query was accepted counts."""
    await world.held(session="another")
    question = {"service": "massage", "from": "2026-01-13", "days": 1}
    before = starts(await request_slots(world, **question))
    world.clock.advance(timedelta(minutes=15))

    assert set(starts(await request_slots(world, **question))) - set(before) == {
        "2026-01-13T09:30:00+01:00",
        "2026-01-13T10:00:00+01:00",
        "2026-01-13T10:30:00+01:00",
    }


@pytest.mark.parametrize(
    "question",
    [
        {"from": "2020-01-01", "days": 1},
        {"from": "0001-01-01", "days": 60},
        {"from": "2026-03-01"},
        {"from": "9999-12-31", "days": 60},
        {"from": "2026-01-17", "days": 2},
    ],
)
async def test_without_free_times_the_list_is_empty(world, question):
    """The past, beyond the horizon, a weekend: the services are still included."""
    data = await request_slots(world, **question)

    assert data["slots"] == []
    assert len(data["services"]) == 2


async def test_an_unknown_service_is_refused(world):
    """An empty list would mean that it is fully booked."""
    command = world.command("slots", service="haircut")
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    await world.handler.handle(command, claim)

    [frame] = world.poster.frames("tab")
    assert (frame["type"], frame["data"]["code"], frame.get("seq")) == ("error", "UNKNOWN_SERVICE", None)


async def test_a_truncated_list_continues_at_the_given_day(new_world):
    """The next queries return every free time exactly once, and no truncated day looks full."""
    world = new_world(hours=("00:00-24:00",), weekend=("00:00-24:00",), horizon_days=60)
    found, day = [], "2026-01-12"
    while day:
        data = await request_slots(world, service="consultation", days=60, **{"from": day})
        found += starts(data)
        day = data.get("next_from")

    days = {start[:10] for start in found}
    assert len(found) == len(set(found))
    assert len(days) == 61
    assert len({sum(start.startswith(one) for start in found) for one in sorted(days)[1:]}) == 1
    assert data["last_date"] == max(days)


@pytest.mark.parametrize("services", [1, 50])
async def test_a_long_list_stays_within_one_frame(new_world, services):
    """Two months of short visits are truncated to what a frame holds beside the services; the first are included."""
    ids = [f"{number:x>60}" for number in range(services)]
    names = {"en": "A name of some forty letters, as long ones"}
    short = [{"id": one, "name": names, "duration_minutes": 30} for one in ids]
    world = new_world(services=short, hours=("00:00-24:00",), weekend=("00:00-24:00",), horizon_days=60)

    data = await request_slots(world, days=60)

    size = len(world.poster.posted[0][1].encode())
    assert MAX_FRAME_BYTES * 0.7 < size <= MAX_FRAME_BYTES
    assert starts(data)[0] == "2026-01-12T08:00:00+01:00"
    assert len(data["services"]) == services


async def test_every_listed_time_can_be_booked(world):
    """The list and the booking follow the same rule."""
    await world.held("2026-01-13T10:00", service="consultation", session="another")
    data = await request_slots(world, **{"from": "2026-01-13", "days": 1})

    for number, slot in enumerate(itertools.islice(data["slots"], 0, None, 4)):
        request = {"service": slot["service"], "contact": f"jan{number}@example.com"}
        held = await world.create(slot["start"], session=f"visitor{number}", **request)
        assert held.type == "booking.pending"
        await world.send("cancel", session=f"visitor{number}", appointment_id=held.data.appointment_id)


async def test_a_list_may_be_half_a_minute_old_but_a_booking_is_fresh(world):
    """A list may use the cached calendar; a hold reads it again."""
    await request_slots(world)
    await world.create()

    assert world.calendar.fresh_reads == [False, True]


async def test_a_verification_and_a_move_read_the_calendar_again(world):
    """The owner may have filled the time a moment ago."""
    appointment_id = await world.confirmed()
    assert world.calendar.fresh_reads == [True, True]
    await world.send("reschedule", appointment_id=appointment_id, start="2026-01-14T14:00")
    assert world.calendar.fresh_reads == [True, True, True]


async def test_a_list_is_retried_if_the_calendar_fails(world):
    """A list without the calendar would offer occupied times."""
    world.calendar.fail("find_busy_times", TransientError("quota"))
    command = world.command("slots")
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)

    with pytest.raises(TransientError):
        await world.handler.handle(command, claim)
    assert world.poster.posted == []


async def test_a_visit_over_midnight_is_not_listed_where_the_next_date_is_occupied(new_world):
    """The calendar is read to the end of the last visit that begins on the date."""
    world = new_world(hours=("00:00-02:00", "22:00-24:00"), merge_adjoining_periods=True)
    question = {"service": "massage", "from": "2026-01-13", "days": 1}
    late = ["2026-01-13T22:00:00+01:00", "2026-01-13T22:30:00+01:00", "2026-01-13T23:00:00+01:00"]

    assert starts(await request_slots(world, **question))[-4:] == [*late, "2026-01-13T23:30:00+01:00"]
    world.calendar.block(Interval(NINE_UTC + 14.45 * HOUR, NINE_UTC + 15 * HOUR))
    assert starts(await request_slots(world, **question))[-3:] == late
    refused = await world.create("2026-01-13T23:30", service="massage")
    assert refused.data.code == "SLOT_TAKEN"
    confirmed = await world.confirmed("2026-01-14T23:30", service="massage")
    assert confirmed
