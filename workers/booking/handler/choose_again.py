"""Asks a visitor by letter to choose again: their request had failed, its replay was refused, and nobody is there."""

from datetime import datetime

import structlog

from shared.messages.commands import BookingCancel, BookingCreate
from shared.messages.notices import AppointmentFacts, ChooseAgain
from shared.tenants.profile import TenantProfile
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.replay import is_worth_a_letter, letter_id, stands
from workers.booking.domain.values import Appointment, Contact, Refusal
from workers.booking.handler.create import appointment_id_of
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.limits import channels_of
from workers.booking.handler.replay import Replayable, appointment_of

log = structlog.get_logger()


async def ask_by_letter(ports: BookingPorts, work: Replayable) -> None:
    """Queue the letter, if an address is known and the refusal is news; the same replay queues the same one."""
    now = ports.clock.now()
    found = await appointment_of(ports, work)
    if not is_worth_a_letter(found, cancels=isinstance(work, BookingCancel), now=now):
        return
    profile = await ports.tenants.profile(work.tenant)
    asked = _asked(found) if found else _asked_for(ports, work, profile)
    if asked is None:
        log.info("choose_again_unaddressed")
        return
    appointment_id, contact, service_id, start, end = asked
    locale = found.locale if found else work.locale
    service = profile.service(service_id)
    await ports.notices.put(
        ChooseAgain(
            id=letter_id(
                found,
                contact,
                command_id=work.id,
                replay=work.replay,
                tenant=work.tenant,
                accepted_at=work.accepted_at,
                now=now,
            ),
            tenant=work.tenant,
            session_id=found.session_id if found else work.session_id,
            locale=locale,
            accepted_at=work.accepted_at,
            trace=work.trace,
            stands=stands(found, now),
            data=AppointmentFacts(
                appointment_id=appointment_id,
                contact=contact.address,
                contact_kind=contact.kind,
                # Nothing that a visitor typed: neither a name nor a service that the business does not have.
                service=service.id if service else "",
                service_name=service.name.in_(locale, profile.locale) if service else "",
                start=start.astimezone(profile.zone),
                end=end.astimezone(profile.zone),
            ),
        )
    )
    log.info("choose_again_queued", appointment_id=appointment_id, replay=work.replay)


def _asked(found: Appointment) -> tuple[str, Contact, str, datetime, datetime]:
    return found.appointment_id, found.contact, found.service_id, found.start, found.end


def _asked_for(
    ports: BookingPorts, work: Replayable, profile: TenantProfile
) -> tuple[str, Contact, str, datetime, datetime] | None:
    """Return what a wish says that came to nothing; only of a wish itself is an address known."""
    if not isinstance(work, BookingCreate):
        return None
    contact = parse_contact(work.data.contact, channels=channels_of(ports, profile), region=profile.region)
    start = parse_start(work.data.start, profile.zone)
    if isinstance(contact, Refusal) or isinstance(start, Refusal):
        return None
    return appointment_id_of(work), contact, work.data.service, start, start
