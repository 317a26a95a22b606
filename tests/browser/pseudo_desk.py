"""A desk on fakes in its own process: `EXTRA_LOCALES=… python -m tests.browser.pseudo_desk PORT`.

Texts of businesses and visitors are Greek here, so every Latin character on a page comes from the desk.
"""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta

import uvicorn

from shared.messages.server import BookingConfirmed, BookingConfirmedData
from tests.fakes.clock import NOON
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.web.conftest import World, make_failure, profile
from tests.unit.ops.web.conversations import final, left_to_staff, sent, store_frames
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval

TENANT = "salon-ania"
SESSION = "s-1"


def held_visit() -> Appointment:
    """Return a hold for a visit of today."""
    end = NOON + timedelta(hours=1)
    return Appointment(
        appointment_id="a1",
        session_id=SESSION,
        tenant=TENANT,
        service_id="massage",
        start=NOON,
        end=end,
        blocked=Interval(NOON, end),
        state=AppointmentState.HELD,
        contact=Contact("phone", "+48600700800"),
        name="Αννα",
        note="Πόρτα",
        locale="pl",
        hold_expires_at=end,
        code_sends=1,
        code_attempts=0,
        version=1,
        created_at=NOON,
        calendar_event_id=None,
        grid_minutes=5,
    )


async def fill_world() -> World:
    """Return a world with data for every page."""
    world = World()
    greek = profile("Αθήνα")
    service = greek.services[0].model_copy(update={"name": type(greek.services[0].name)({"en": "Φως"})})
    world.tenants = FakeTenants({TENANT: greek.model_copy(update={"services": (service,)})})
    plain = make_failure()
    data = {
        "start": "2026-01-14T10:00:00+01:00",
        "contact": "+48600700800",
        "service": "φως",
        "name": "Αννα",
        "note": "Ω",
    }
    body = json.loads(plain.payload) | {"data": data}
    world.ledger.rows = {
        plain.failure_id: replace(plain, payload=json.dumps(body), error="Ω"),
        "f-chat": make_failure("f-chat", queue="chat", type="chat.send", reason="model_busy", error="Ω"),
    }
    claim = await world.claims.claim("a1", fingerprint="f", lease=timedelta(seconds=30))
    await world.appointments.hold(held_visit(), at=NOON, claim=claim)
    confirmed = BookingConfirmedData(
        appointment_id="a1", start=NOON, end=NOON + timedelta(hours=1), service="massage", ics="Ω"
    )
    frames = (sent("Γεια"), final("Ναι"), BookingConfirmed(re="c2", data=confirmed), sent("Εδώ"), left_to_staff())
    await store_frames(world, *frames, session=SESSION, tenant=TENANT)()
    await world.samples.take_sample()
    return world


async def main(port: int) -> None:
    """Serve until the process is ended."""
    world = await fill_world()
    app = world.app(public_url=f"http://127.0.0.1:{port}")
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
