"""Forecasts of replays, and that the replay itself then does the same."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import PermanentError, TransientError
from shared.messages.commands import BookingPlanReminders, BookingRemind, CalendarSync
from tests.unit.workers.booking.handler.conftest import TENANT, TUESDAY_TEN, replayed
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.domain.values import AppointmentState, Interval
from workers.booking.facade import forecast_command

CLOSED = PermanentError("calendar_access_revoked", "the key is refused")
MOMENT = timedelta(seconds=1)
THE_HOUR = Interval(datetime(2026, 1, 13, 9, tzinfo=UTC), datetime(2026, 1, 13, 10, tzinfo=UTC))


async def predict(world, command):
    """Return the forecast of a replay, which changes nothing and notifies nobody."""
    before = (dict(world.appointments.rows), list(world.events), list(world.notice_types), world.frames())
    found = await forecast_command(world.ports, replayed(command))
    assert (dict(world.appointments.rows), list(world.events), list(world.notice_types), world.frames()) == before
    return found


async def test_a_free_time_would_be_held(world):
    """The time is in the zone of the business."""
    request = await world.failed(world.create_command())
    found = await predict(world, request)
    assert (found.kind, found.start.isoformat()) == ("free", "2026-01-13T10:00:00+01:00")
    assert (await world.handle(replayed(request))).type == "booking.pending"


@pytest.mark.parametrize("by", ["another visitor", "the owner"])
async def test_an_occupied_time_has_alternatives(world, by):
    """Those that the visitor would be offered."""
    request = await world.failed(world.create_command())
    if by == "another visitor":
        await world.held(session="other", contact="eva@example.com")
    else:
        world.calendar.block(THE_HOUR)
    found = await predict(world, request)
    assert (found.kind, len(found.alternatives)) == ("taken", 5)
    refused = await world.handle(replayed(request))
    assert tuple(offer.start for offer in refused.data.alternatives) == found.alternatives


async def test_a_full_day_is_an_occupied_time(new_world):
    """Its cap is reached, although the hour is free."""
    world = new_world(max_visits_per_day=1)
    request = await world.failed(world.create_command())
    await world.held("2026-01-13T14:00", session="other", contact="eva@example.com")
    assert (await predict(world, request)).kind == "taken"
    assert (await world.handle(replayed(request))).data.code == "SLOT_TAKEN"


async def test_a_time_that_has_passed(world):
    """It passed soon after the request: later the request itself is too old."""
    request = await world.failed(world.create_command("2026-01-12T09:00"))
    world.clock.advance(timedelta(hours=1, minutes=30))
    found = await predict(world, request)
    assert (found.kind, found.code, len(found.alternatives)) == (
        "past",
        "INVALID_TIME",
        5,
    )
    assert (await world.handle(replayed(request))).data.code == "INVALID_TIME"


async def test_a_request_of_yesterday(world):
    """The visitor would be asked to choose again."""
    request = await world.failed(world.create_command())
    world.clock.advance(MAX_REPLAY_AGE + MOMENT)
    found = await predict(world, request)
    assert (found.kind, found.code, found.start.hour) == ("too_old", "CODE_EXPIRED", 10)
    assert (await world.handle(replayed(request))).data.code == "CODE_EXPIRED"


async def test_a_command_that_is_already_done(world):
    """By another request of the same session; of the same command the code may be missing."""
    request = world.create_command()
    await world.handle(request)
    found = await predict(world, request)
    assert (found.kind, found.state) == ("would_be_finished", AppointmentState.HELD)
    again = world.create_command()
    assert (await predict(world, again)).kind == "already_done"


async def test_an_expired_hold(world):
    """The visitor would be told that the code has expired."""
    request = world.create_command()
    await world.handle(request)
    world.clock.advance(timedelta(minutes=20))
    found = await predict(world, request)
    assert (found.kind, found.code) == ("refused", "CODE_EXPIRED")
    assert (await world.handle(replayed(request))).data.code == "CODE_EXPIRED"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"service": "time-travel"}, "UNKNOWN_SERVICE"),
        ({"start": "tomorrow"}, "INVALID_TIME"),
        ({"start": "2026-01-13T03:00"}, "INVALID_TIME"),
        ({"contact": "nobody"}, "INVALID_CONTACT"),
    ],
)
async def test_a_request_that_the_rules_refuse(world, wrong, code):
    """It may have been edited at the desk."""
    request = world.create_command(**wrong)
    found = await predict(world, request)
    assert (found.kind, found.code) == ("refused", code)
    assert (await world.handle(replayed(request))).data.code == code


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (CLOSED, "would_fail", "calendar_access_revoked"),
        (TransientError("google: 500"), "unknown", "attempts_exhausted"),
    ],
)
async def test_a_persisting_failure(world, error, kind, code):
    """The desk shows it, and the operator repairs it first."""
    request = await world.failed(world.create_command())
    world.calendar.outage = error
    found = await predict(world, request)
    assert (found.kind, found.code) == (kind, code)


async def test_an_interrupted_confirmation_would_be_completed(world):
    """The visit is confirmed, its notice is missing; the calendar plays no part."""
    held = await world.held()
    verify = world.command("verify", appointment_id=held, code=world.code(held))
    world.notices.errors.append(PermanentError("aws_denied"))
    with pytest.raises(PermanentError):
        await world.handle(verify)
    world.calendar.outage = CLOSED
    found = await predict(world, verify)
    assert (found.kind, found.state) == ("would_be_finished", AppointmentState.CONFIRMED)
    world.calendar.outage = None
    assert (await world.handle(replayed(verify))).type == "booking.confirmed"
    assert len(world.events) == 1


async def test_a_code_that_was_never_checked(world):
    """If right and in time it would confirm; if wrong, or for a filled time, it would not."""
    held = await world.held()
    right = world.command("verify", appointment_id=held, code=world.code(held))
    wrong = world.command("verify", appointment_id=held, code="000000")
    assert (await predict(world, right)).kind == "free"
    assert (await predict(world, wrong)).code == "CODE_INVALID"
    world.calendar.block(THE_HOUR)
    assert (await predict(world, right)).kind == "taken"
    elsewhere = world.command("verify", session="other", appointment_id=held, code=world.code(held))
    assert (await predict(world, elsewhere)).code == "UNKNOWN_APPOINTMENT"


async def test_a_cancellation(world):
    """It would be done, is already done, or would be completed by the same command."""
    mine = await world.confirmed()
    cancel = world.command("cancel", appointment_id=mine)
    assert (await predict(world, cancel)).kind == "would_be_done"
    await world.handle(cancel)
    assert (await predict(world, cancel)).kind == "would_be_finished"
    assert (await predict(world, world.command("cancel", appointment_id=mine))).kind == "already_done"
    assert (await predict(world, world.command("cancel", appointment_id="0" * 32))).code == "UNKNOWN_APPOINTMENT"


async def test_a_move(world):
    """To a free time, to an occupied one, to one that the rules refuse, to its own."""
    mine = await world.confirmed()
    await world.held("2026-01-14T10:00", session="other", contact="eva@example.com")

    def move(start):
        return world.command("reschedule", appointment_id=mine, start=start)

    assert (await predict(world, move("2026-01-15T10:00"))).kind == "free"
    assert (await predict(world, move("2026-01-14T10:00"))).kind == "taken"
    assert (await predict(world, move("2026-01-14T03:00"))).code == "INVALID_TIME"
    assert (await predict(world, move(TUESDAY_TEN))).kind == "already_done"
    assert (await predict(world, move("2026-01-12T07:30"))).kind == "past"


async def test_a_resend(world):
    """While the hold lasts; no code is sent for an expired hold, and its visitor is told so."""
    held = await world.held()
    resend = world.command("resend", appointment_id=held)
    assert (await predict(world, resend)).kind == "would_be_done"
    world.clock.advance(timedelta(minutes=16))
    found = await predict(world, resend)
    assert (found.kind, found.code) == ("refused", "CODE_EXPIRED")
    assert (await world.handle(replayed(resend))).data.code == "CODE_EXPIRED"
    mine = await world.confirmed("2026-01-14T10:00", session="other", contact="eva@example.com")
    assert (await predict(world, world.command("resend", session="other", appointment_id=mine))).kind == "already_done"


async def test_internal_commands(world):
    """An obsolete reminder is stale; a read of the calendar would be done."""
    mine = await world.confirmed()
    start = (await world.appointment(mine)).start
    envelope = {"id": "r1", "tenant": TENANT, "session_id": "session", "accepted_at": world.clock.now(), "locale": "pl"}
    remind = BookingRemind(**envelope, data={"appointment_id": mine, "start": start, "hours_before": 24})
    plan = BookingPlanReminders(**envelope, data={"appointment_id": mine, "start": start})
    moved = BookingPlanReminders(**envelope, data={"appointment_id": mine, "start": start + timedelta(hours=1)})
    assert [(await predict(world, one)).kind for one in (remind, plan)] == ["would_be_done"] * 2
    assert (await predict(world, moved)).kind == "stale"
    world.clock.set(start - timedelta(hours=2, minutes=30))
    assert (await predict(world, plan)).kind == "would_be_done"
    world.clock.set(start)
    assert [(await predict(world, one)).kind for one in (remind, plan)] == ["stale"] * 2
    sync = CalendarSync(**envelope, data={"calendar_id": "calendar"})
    assert (await predict(world, sync)).kind == "would_be_done"


async def test_a_code_that_was_counted_but_not_sent(world):
    """The replay sends it while the hold lasts; later it would be of no use."""
    held = await world.held()
    resend = world.command("resend", appointment_id=held)
    world.notices.errors.append(PermanentError("aws_denied"))
    with pytest.raises(PermanentError):
        await world.handle(resend)
    assert (await predict(world, resend)).kind == "would_be_finished"
    world.clock.advance(timedelta(minutes=16))
    found = await predict(world, resend)
    assert (found.kind, found.code) == ("refused", "CODE_EXPIRED")
    assert (await world.handle(replayed(resend))).data.code == "CODE_EXPIRED"


@pytest.mark.parametrize(
    ("error", "kind", "code"), [(KeyError("x"), "would_fail", "bug"), (TimeoutError(), "unknown", "timeout")]
)
async def test_a_bug_in_the_plan_is_a_forecast(world, error, kind, code):
    """It is the plan that made the command fail; the desk shows the failure all the same."""
    request = world.create_command()
    world.calendar.outage = error
    found = await predict(world, request)
    assert (found.kind, found.code) == (kind, code)


async def test_a_query_would_be_done(world):
    """Free times become outdated, so nothing is known beforehand."""
    assert (await predict(world, world.command("slots"))).kind == "would_be_done"


async def test_a_move_is_judged_as_of_now(world):
    """As the replay does: a hold that has expired since the request can't move."""
    held = await world.held()
    command = world.command("reschedule", appointment_id=held, start="2026-01-13T11:00")
    world.clock.advance(timedelta(minutes=40))
    found = await predict(world, command)
    assert (found.kind, (await world.handle(replayed(command))).type) == ("refused", "error")


async def test_a_verified_hold_whose_time_is_free_again_would_be_confirmed(world):
    """The owner has removed the event since."""
    hold = await world.appointment(await world.held())
    world.calendar.block(Interval(hold.start, hold.end))
    await world.send("verify", appointment_id=hold.appointment_id, code=world.code(hold.appointment_id))
    world.calendar.owners["calendar"].clear()
    command = world.command("verify", appointment_id=hold.appointment_id, code=world.code(hold.appointment_id))
    found = await predict(world, command)
    assert (found.kind, (await world.handle(replayed(command))).type) == ("free", "booking.confirmed")
