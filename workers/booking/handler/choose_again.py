"""Asks a visitor by letter to choose again: their request had failed, its replay was refused, and nobody is there."""

from datetime import datetime

import structlog

from shared.messages.commands import BookingCancel, BookingCreate
from shared.messages.notices import AppointmentFacts, ChooseAgain
from shared.tenants.profile import TenantProfile
from workers.booking.domain.contact import parse_contact
from workers.booking.domain.local_time import parse_start
from workers.booking.domain.replay import choose_again_notice_id, has_visit_ahead, is_worth_a_notice
from workers.booking.domain.values import Appointment, Contact, Refusal
from workers.booking.handler.create import appointment_id_of
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.limits import channels_of
from workers.booking.handler.replay import Replayable, find_target_appointment

log = structlog.get_logger()


async def ask_to_choose_again(ports: BookingPorts, command: Replayable) -> None:
    """Queue the letter, if an address is known and the refusal is news; the same replay queues the same one."""
    now = ports.clock.now()
    found = await find_target_appointment(ports, command)
    if not is_worth_a_notice(found, cancels=isinstance(command, BookingCancel), now=now):
        return
    profile = await ports.tenants.profile(command.tenant)
    asked = _facts_of(found) if found else _requested_facts(ports, command, profile)
    if asked is None:
        log.info("choose_again_unaddressed")
        return
    appointment_id, contact, service_id, start, end = asked
    locale = found.locale if found else command.locale
    service = profile.service(service_id)
    await ports.notices.put(
        ChooseAgain(
            id=choose_again_notice_id(
                found,
                contact,
                command_id=command.id,
                replay=command.replay,
                tenant=command.tenant,
                accepted_at=command.accepted_at,
                now=now,
            ),
            tenant=command.tenant,
            session_id=found.session_id if found else command.session_id,
            locale=locale,
            accepted_at=command.accepted_at,
            trace=command.trace,
            stands=has_visit_ahead(found, now),
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
    log.info("choose_again_queued", appointment_id=appointment_id, replay=command.replay)


def _facts_of(found: Appointment) -> tuple[str, Contact, str, datetime, datetime]:
    return found.appointment_id, found.contact, found.service_id, found.start, found.end


def _requested_facts(
    ports: BookingPorts, command: Replayable, profile: TenantProfile
) -> tuple[str, Contact, str, datetime, datetime] | None:
    """Return what a wish says that came to nothing; only of a wish itself is an address known."""
    if not isinstance(command, BookingCreate):
        return None
    contact = parse_contact(command.data.contact, channels=channels_of(ports, profile), region=profile.region)
    start = parse_start(command.data.start, profile.zone)
    if isinstance(contact, Refusal) or isinstance(start, Refusal):
        return None
    return appointment_id_of(command), contact, command.data.service, start, start
