"""Runs one visit from its request to its end with fixed ids and a fixed clock, and collects every derived id."""

import json
from datetime import timedelta

from shared.errors import PermanentError, TransientError
from shared.messages.commands import CalendarTick
from tests.fakes.clock import NOON
from tests.unit.workers.booking.conftest import build_profile
from tests.unit.workers.booking.handler.conftest import TENANT, World, replayed
from workers.booking.adapters.appointment_item import appointment_to_item
from workers.booking.domain.due_calendars import READ_AT_ONCE
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.domain.values import Interval

WEDNESDAY_TEN, THURSDAY_TEN = "2026-01-14T10:00", "2026-01-15T10:00"
HOUR = timedelta(hours=1)


def a_world():
    """Return a business with one visitor, at Monday noon."""
    profile = build_profile(senders={"email": "salon@example.com"}, max_visits_per_day=8)
    return World(profile, NOON)


async def confirmed(world):
    """Hold and confirm a visit on Wednesday; return its id."""
    create = world.create_command(WEDNESDAY_TEN, client_id="create", source_ip="192.0.2.7")
    pending = await world.handle(create)
    appointment_id = pending.data.appointment_id
    await world.send("verify", client_id="verify", appointment_id=appointment_id, code=world.code(appointment_id))
    return appointment_id


async def visit_ids():
    """Return the ids of a visit that is held, confirmed, moved and cancelled."""
    world = a_world()
    appointment_id = await confirmed(world)
    visit = await world.appointment(appointment_id)
    planned = sorted(world.schedules.planned)
    await world.send("reschedule", client_id="move", appointment_id=appointment_id, start=THURSDAY_TEN)
    moved = await world.appointment(appointment_id)
    planned_after_move = sorted(world.schedules.planned)
    world.clock.set(moved.start - 24 * HOUR)
    for command in world.schedules.due(world.clock.now()):
        await world.carry_out(command)
    await world.send("cancel", client_id="cancel", appointment_id=appointment_id)
    cancelled = await world.appointment(appointment_id)
    return {
        "appointment": appointment_id,
        "calendar event": visit.calendar_event_id,
        "changed by": [stored_change(each) for each in (visit, moved, cancelled)],
        "quotas": sorted(unit.key for unit in moved.quota_units),
        "schedules": planned,
        "schedules after a move": planned_after_move,
        "notices": {notice.type: notice.id for notice in world.notices.delivered},
        "calendar files": uids(world),
    }


def stored_change(visit):
    """Return how a row names the command that changed a visit last."""
    return appointment_to_item(visit)["changed_by"]


def uids(world):
    """Return the UID of every calendar file in a notice."""
    bodies = map(json.loads, world.notices.bodies)
    files = "\n".join(body["ics"] for body in bodies if "ics" in body).replace("\r\n ", "").splitlines()
    return sorted({line for line in files if line.startswith("UID:")})


async def owner_ids():
    """Return the ids that follow from a change in the calendar that is refused."""
    world = a_world()
    appointment_id = await confirmed(world)
    # A tick queues reads only where there are many calendars; the ids of the others are left out.
    profiles = world.tenants.blocking.profiles
    for number in range(READ_AT_ONCE):
        profiles[f"other-{number}"] = profiles[TENANT].model_copy(update={"calendar_id": f"other-{number}"})
    tick = CalendarTick(id="tick", tenant="*", session_id="calendars", accepted_at=NOON, locale="en")
    ids = {}

    async def look(name):
        await world.carry_out(tick.model_copy(update={"id": name, "accepted_at": world.clock.now()}))
        syncs = bodies_of(world)
        ids[f"sync {name}"] = [(group, each["id"]) for group, each in syncs if each["tenant"] == TENANT]
        world.clock.advance(timedelta(seconds=1))
        for command in world.commands.drain():
            if command.tenant == TENANT:
                await world.carry_out(command)
        ids[f"changed {name}"] = [(group, each["id"]) for group, each in bodies_of(world)]

    await look("first")
    world.commands.bodies.clear()
    world.clock.advance(timedelta(minutes=1))
    past = NOON - 48 * HOUR
    world.calendar.owner_moves(appointment_id, Interval(past, past + HOUR))
    await look("second")
    for command in world.commands.drain():
        await world.carry_out(command)
    visit = await world.appointment(appointment_id)
    return {
        **ids,
        "changed by": stored_change(visit),
        "notices": {notice.type: notice.id for notice in world.notices.delivered},
    }


def bodies_of(world):
    return [(group, json.loads(body)) for group, body in world.commands.bodies]


async def failure_ids():
    """Return the ids of an alert, of reminders that are planned later and of e-mails about refused replays."""
    world = a_world()
    world.schedules.errors = [TransientError("no schedules")] * 4
    appointment_id = await confirmed(world)
    later = [(group, each["id"]) for group, each in bodies_of(world)]
    world.poster.gone.add("tab")
    world.calendar.outage = PermanentError("calendar_access_revoked", "the key is refused")
    create = world.create_command(THURSDAY_TEN, client_id="again", session="other")
    cancel = world.command("cancel", client_id="cancel", appointment_id=appointment_id)
    for failed in (create, cancel):
        claim = await world.claims.claim(failed.claim_key, fingerprint="f", lease=HOUR)
        try:
            await world.handler.handle(failed, claim)
        except PermanentError as error:
            await world.handler.give_up(failed, claim, error.reason)
    world.calendar.outage = None
    world.clock.advance(MAX_REPLAY_AGE + HOUR)
    claim_keys = []
    for failed in (create, cancel):
        again = replayed(failed)
        claim_keys.append(again.claim_key)
        await world.handle(again)
    return {
        "plan reminders": later,
        "claim keys": claim_keys,
        "notices": [(notice.type, notice.id) for notice in world.notices.delivered],
    }


async def derived_ids():
    """Return every derived id, by what it is of."""
    return {"visit": await visit_ids(), "owner": await owner_ids(), "failures": await failure_ids()}
